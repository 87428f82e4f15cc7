/// Finds stop strings in streamed text. Text is withheld only while it may be the start of one.
package struct StopMatcher {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []

  package init(_ stops: [String]) {
    self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
  }

  /// Adds text.
  /// - Returns: the text that can be shown, and whether a stop string followed it.
  package mutating func feed(_ text: String) -> (text: String, stopped: Bool) {
    guard !stops.isEmpty else { return (text, false) }
    held += Array(text.utf8)
    if let found = firstMatch() {
      let shown = String(decoding: held[..<found], as: UTF8.self)
      held.removeAll()
      return (shown, true)
    }
    let keep = longestPossibleStart()
    let shown = String(decoding: held[..<(held.count - keep)], as: UTF8.self)
    held.removeFirst(held.count - keep)
    return (shown, false)
  }

  /// The withheld text, at the end of the stream.
  package mutating func flush() -> String {
    defer { held.removeAll() }
    return String(decoding: held, as: UTF8.self)
  }

  private func firstMatch() -> Int? {
    held.indices.first { start in
      stops.contains { stop in held[start...].starts(with: stop) }
    }
  }

  /// The number of trailing bytes that may be the start of a stop string.
  private func longestPossibleStart() -> Int {
    let longest = stops.map(\.count).max() ?? 0
    for count in stride(from: min(longest - 1, held.count), to: 0, by: -1) {
      let tail = held.suffix(count)
      if stops.contains(where: { $0.count > count && $0.starts(with: tail) }) { return count }
    }
    return 0
  }
}
