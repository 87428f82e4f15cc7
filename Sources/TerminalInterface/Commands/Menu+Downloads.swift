/// The menu of `/pull`.
extension Menu {
  /// While a download runs: its end. Behind "REPOSITORY:": the models of the repository. Otherwise the suggestions, until
  /// a repository is written.
  static func downloads(_ typed: String, _ facts: Facts) -> Menu {
    if let download = facts.download {
      let isFitting = "stop".hasPrefix(typed.lowercased())
      let item = Item(
        title: "stop", detail: download.progress.parts.joined(separator: " · "), completed: "/pull stop",
        isComplete: true)
      return Menu(command: .pull, items: isFitting ? [item] : [])
    }
    if let known = facts.downloadChoices, typed.hasPrefix(known.name + ":") {
      let part = String(typed.dropFirst(known.name.count + 1))
      let found = ranked(known.choices, part, name: \.title)
      let best = known.choices.indices.contains(known.preferred) ? known.choices[known.preferred] : nil
      return Menu(
        command: .pull, items: items(found, best: best),
        preferred: part.isEmpty ? found.firstIndex { $0 == best } ?? 0 : 0)
    }
    guard !typed.contains("/") else { return Menu(command: .pull, items: []) }
    return Menu(command: .pull, items: items(ranked(facts.suggestedDownloads, typed, name: \.title)))
  }

  private static func items(_ choices: [DownloadChoice], best: DownloadChoice? = nil) -> [Item] {
    let facts = TextColumns.aligned(
      choices.map { [byteSize($0.bytes), $0 == best ? "fits this machine best" : $0.detail] }, right: [0])
    return zip(choices, facts).map { choice, facts in
      Item(
        title: VisibleText.singleLine(choice.title), detail: VisibleText.singleLine(facts),
        completed: "/pull \(choice.name)", isComplete: true)
    }
  }
}
