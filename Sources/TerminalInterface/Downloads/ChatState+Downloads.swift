/// `/pull`: the download of a model while the chat goes on.
extension ChatState {
  /// A download that runs.
  package struct Download: Sendable, Equatable {
    /// As the user wrote it.
    package var name: String
    package var progress = DownloadProgress()
    package var isStopping = false
  }

  /// The models of a repository, of which one must be chosen.
  package struct DownloadChoices: Sendable, Equatable {
    /// The repository, as the user wrote it.
    package var name: String
    package var choices: [DownloadChoice]
    package var preferred: Int
  }

  /// `/pull`: opens the menu, starts a download, or stops it.
  mutating func pull(_ argument: String) -> [ChatEffect] {
    guard canDownload else {
      show("This chat cannot download models")
      return []
    }
    if argument.isEmpty {
      draft.set("/pull ")
      if download == nil, suggestedDownloads.isEmpty { show("/pull owner/repo downloads a model") }
      return []
    }
    if argument.lowercased() == "stop" { return stopDownload() }
    if let download {
      show("\(download.name) is being downloaded; /pull stop stops it")
      return []
    }
    download = Download(name: argument)
    downloadChoices = nil
    // A line mode has no status line.
    if !hasComposer {
      transcript.addNotice("Downloading \(argument); /pull says how far it is, /pull stop stops it.")
    }
    return [.download(argument)]
  }

  /// Stops the download; what is on disk stays.
  package mutating func stopDownload() -> [ChatEffect] {
    guard download != nil else {
      show("No model is being downloaded")
      return []
    }
    download?.isStopping = true
    return [.stopDownload]
  }

  /// An event of the download.
  package mutating func handle(_ event: DownloadEvent) -> [ChatEffect] {
    guard let download else { return [] }
    switch event {
    case .progress(let done, let total, let note):
      self.download?.progress.update(done: done, total: total, note: note, now: now)
      return []
    case .choices(let choices, let preferred):
      self.download = nil
      choose(DownloadChoices(name: download.name, choices: choices, preferred: preferred))
      return []
    case .finished(let name, let bytes, let wasThere):
      self.download = nil
      let what = wasThere ? "\(name) is already there" : "\(name) was downloaded (\(byteSize(bytes)))"
      let isFirst = model == nil && loading == nil
      transcript.addNotice(isFirst ? "\(what)." : "\(what); /model \(name) switches to it.")
      guard isFirst else { return [.refreshModels(for: request)] }
      loading = name
      return [.refreshModels(for: request), .switchModel(name)]
    case .stopped:
      self.download = nil
      transcript.addNotice(Self.stopText(download))
      return []
    case .failed(let message):
      self.download = nil
      transcript.addNotice(message, .error)
      return []
    }
  }

  // The menu opens if the user writes nothing else.
  private mutating func choose(_ choices: DownloadChoices) {
    downloadChoices = choices
    let best = choices.choices.indices.contains(choices.preferred) ? choices.choices[choices.preferred] : nil
    guard hasComposer else {
      transcript.addNotice(
        (["\(choices.name) has several models; /pull NAME downloads one:"]
          + choices.choices.map { choice in
            "\(choice == best ? "◆" : " ") \(choice.name)  \(byteSize(choice.bytes))"
          }).joined(separator: "\n"))
      return
    }
    if draft.isEmpty, search == nil, question == nil {
      draft.set("/pull \(choices.name):")
      (menuSelection, menuClosedFor) = (nil, nil)
      show("\(choices.name) has several models: Enter downloads the selected one")
    } else {
      transcript.addNotice("\(choices.name) has several models; /pull \(choices.name): lists them.")
    }
  }

  /// How far a stopped download came, and how to resume it.
  package static func stopText(_ download: Download, command: String = "/pull") -> String {
    let place = download.progress.share.map { " at \($0)" } ?? ""
    return "The download of \(download.name) stopped\(place); \(command) \(download.name) resumes it there."
  }

  /// What `/pull` says without a menu.
  var downloadList: String {
    if let download {
      let progress = download.progress.parts.joined(separator: " · ")
      return "\(download.name): \(progress.isEmpty ? "connecting" : progress)"
    }
    guard !suggestedDownloads.isEmpty else { return "/pull owner/repo downloads a model." }
    return
      (["/pull NAME downloads a model, such as one of these:"]
      + suggestedDownloads.map { "  \($0.name)  \(byteSize($0.bytes))" }).joined(separator: "\n")
  }
}
