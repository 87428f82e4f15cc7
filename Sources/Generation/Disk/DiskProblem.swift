import Synchronization

/// Why caches are not saved; the person hears of each reason once.
package final class DiskProblem: Sendable {
  private struct State {
    var report: (@Sendable (String) -> Void)?
    /// What is yet to be told, since nobody listens.
    var waiting: [String] = []
    var known: Set<String> = []
  }

  private let state = Mutex(State())

  func listen(_ report: @escaping @Sendable (String) -> Void) {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      state.report = report
      return state.waiting
    }
    for text in waiting { report(text) }
  }

  /// Tries to save.
  /// - Returns: whether it could be done.
  func attempt(in folder: String, _ save: () throws(PromptFileError) -> Void) -> Bool {
    do {
      try save()
      return true
    } catch {
      if let text = Self.text(error, folder) { tell(text, of: error) }
      return false
    }
  }

  /// What the person is told: what, where, why, and what to do; nil where there is nothing to it.
  package static func text(_ error: PromptFileError, _ folder: String) -> String? {
    switch error {
    case .file(let error):
      // Which of its files it was depends on the conversation; the place and the reason do not.
      let place = error.file.hasPrefix(folder + "/") ? folder : error.file
      let advice = error.advice.isEmpty ? "" : error.advice + ", or "
      return """
        Caches are not saved, so a conversation that is resumed is read again: \(place): \(error.problem); \
        \(advice)set cache_disk = 0 in the settings to do without
        """
    case .tooLarge(let bytes, let limit):
      return """
        The cache of a conversation is not saved, so it is read again when it is resumed: it takes \
        \(gigabytes(bytes)) GB of the \(gigabytes(limit)) GB allowed; raise cache_disk in the settings to have it saved
        """
    default: return nil
    }
  }

  private static func gigabytes(_ bytes: Int) -> Double { (Double(bytes) / 1e7).rounded(.up) / 100 }

  private func tell(_ text: String, of error: PromptFileError) {
    // A conversation that is too large grows with every turn.
    let reason = if case .tooLarge = error { "" } else { text }
    let report = state.withLock { state in
      guard state.known.insert(reason).inserted else { return nil as (@Sendable (String) -> Void)? }
      if state.report == nil { state.waiting.append(text) }
      return state.report
    }
    report?(text)
  }
}
