import Conversation

/// Files in the composer: `@path` and `/attach` attach them, `/save` writes one.
extension ChatState {
  /// The path that is being completed: that of `@path` before the cursor, or the argument of `/attach` or `/save`.
  package var typedPath: String? {
    guard search == nil, helpScroll == nil, draft.elements.count < 100_000 else { return nil }
    if let word = draft.fileWord { return word.text }
    return pathArgument?.path
  }

  // The command that the draft calls with a path, as it is written, and the path.
  private var pathArgument: (command: String, entry: CommandEntry, path: String)? {
    guard draft.elements.count < 500, draft.isAtEnd else { return nil }
    let text = draft.text
    guard text.hasPrefix("/"), !text.contains("\n"), let space = text.firstIndex(of: " "),
      let entry = CommandEntry.named(String(text[..<space].dropFirst())), entry.completion == .files
    else { return nil }
    return (String(text[..<space]), entry, String(text[space...].drop { $0 == " " }))
  }

  /// The menu of files; nil when no path is typed or nothing matches.
  package var fileMenu: Menu? {
    guard let typed = typedPath, let files, files.typed == typed, !files.items.isEmpty,
      menuClosedFor != draft.text
    else { return nil }
    var items: [Menu.Item] = []
    let command = draft.fileWord == nil ? pathArgument?.entry.command ?? .attach : .attach
    let isPattern = FilePattern.isPattern(FileListing.split(typed).name)
    if command != .attach {
      // One file is written: there is no choice of all.
      if isPattern { return nil }
    } else if isPattern {
      let bytes = files.items.reduce(0) { $0 + $1.bytes }
      items.append(
        Menu.Item(
          title: VisibleText.singleLine(typed),
          detail: "\(files.items.count)\(files.isCut ? " or more" : "") files, \(byteSize(bytes))",
          completed: typed, isComplete: true))
    } else if typed.hasSuffix("/") {
      items.append(
        Menu.Item(
          title: VisibleText.singleLine(typed), detail: "all text files in it", completed: typed,
          isComplete: true))
    }
    items += files.items.map { item in
      Menu.Item(
        title: VisibleText.singleLine(item.path), detail: item.isFolder ? "folder" : byteSize(item.bytes),
        completed: item.path, isComplete: !item.isFolder)
    }
    // The whole folder is never attached by accident: its first file is preferred.
    let preferred = command == .attach && typed.hasSuffix("/") && !isPattern && items.count > 1 ? 1 : 0
    return Menu(command: command, items: items, preferred: preferred)
  }

  /// Requests the files for the typed path when it changed.
  package mutating func filesToList() -> [ChatEffect] {
    guard let typed = typedPath else {
      files = nil
      return []
    }
    guard files?.typed != typed else { return [] }
    // Not requested twice, although the reply is still to come.
    files = FileListing(typed: typed, items: [])
    return [.listFiles(typed)]
  }

  /// Takes an item of the file menu: a folder is opened, a file is attached.
  package mutating func takeFile(_ item: Menu.Item) -> [ChatEffect] {
    menuSelection = nil
    let path = item.completed
    if let word = draft.fileWord {
      if item.isComplete {
        attaching = word.range
        return [.attach(path)]
      }
      edit {
        $0.remove(word.range)
        $0.insert("@" + path)
      }
      return []
    }
    guard let (command, entry, _) = pathArgument else { return [] }
    if item.isComplete, entry.command == .attach {
      draft.clear()
      return [.attach(path)]
    }
    draft.set("\(command) \(path)")
    // The next Enter runs the command.
    if item.isComplete { menuClosedFor = draft.text }
    return []
  }

  /// A file was read: it replaces the `@path`, or is inserted at the cursor.
  package mutating func attached(_ result: Result<FileAttachment, FileAttachment.Problem>) {
    let range = attaching.flatMap { range in
      range.upperBound == draft.cursor && draft.fileWord?.range == range ? range : nil
    }
    attaching = nil
    switch result {
    case .success(let file):
      edit { $0.attach(file.label, file.text, replacing: range ?? $0.cursor..<$0.cursor) }
      show(file.leftOut ?? "Attached; it is sent with the message")
    case .failure(let problem): show(problem.description)
    }
  }
}
