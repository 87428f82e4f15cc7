import Synchronization

/// Why caches can't be saved. Each reason is reported to the user once.
package final class DiskProblem: Sendable {
  private struct State {
    var report: (@Sendable (String) -> Void)?
    /// Reports that wait for a listener.
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
  /// - Returns: whether it succeeded.
  func attempt(in folder: String, _ save: () throws(PromptFileError) -> Void) -> Bool {
    do {
      try save()
      return true
    } catch {
      if let text = Self.text(error, folder) { tell(text, of: error) }
      return false
    }
  }

  /// The message for the user: what, where, why and what to do; nil if the error needs none.
  package static func text(_ error: PromptFileError, _ folder: String) -> String? {
    switch error {
    case .file(let error):
      // The file's name depends on the conversation; the folder and the reason do not.
      let place = error.file.hasPrefix(folder + "/") ? folder : error.file
      let advice = error.advice.isEmpty ? "" : error.advice + ", or "
      return """
        Caches cannot be saved, so resuming a conversation prefills it again: \(place): \(error.problem); \
        \(advice)set cache_disk = 0 in the settings to turn saving off
        """
    case .tooLarge(let bytes, let limit):
      return """
        The cache of a conversation is too large to be saved, so resuming it prefills it again: it takes \
        \(gigabytes(bytes)) GB of the \(gigabytes(limit)) GB allowed; raise cache_disk in the settings to save it
        """
    default: return nil
    }
  }

  private static func gigabytes(_ bytes: Int) -> Double { (Double(bytes) / 1e7).rounded(.up) / 100 }

  private func tell(_ text: String, of error: PromptFileError) {
    // The size grows with every turn, so it is not part of the reason.
    let reason = if case .tooLarge = error { "" } else { text }
    let report = state.withLock { state in
      guard state.known.insert(reason).inserted else { return nil as (@Sendable (String) -> Void)? }
      if state.report == nil { state.waiting.append(text) }
      return state.report
    }
    report?(text)
  }
}
