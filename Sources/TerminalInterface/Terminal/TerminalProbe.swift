/// Probes the width of joined emoji and flags: it writes one of each and requests the cursor position.
///
/// The reports arrive as terminal input, after any delay or never; until then the safe forms are drawn.
package struct TerminalProbe: Equatable {
  /// The bytes of the probe: a family, a thumb with a skin tone and a flag, each at the left edge; then the line is
  /// cleared.
  package static let query =
    "\u{1B}7\u{1B}[1;1H\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{1B}[6n"
    + "\u{1B}[1;1H\u{1F44D}\u{1F3FD}\u{1B}[6n\u{1B}[1;1H\u{1F1E9}\u{1F1EA}\u{1B}[6n\u{1B}[1;1H\u{1B}[2K\u{1B}8"
  package static let responseCount = 3

  private var columns: [Int] = []

  /// Adds a report. Returns the capabilities after the last one.
  package mutating func addReport(column: Int) -> TerminalCapabilities? {
    columns.append(column)
    guard columns.count == Self.responseCount else { return nil }
    return TerminalCapabilities(joinsEmoji: columns[0] == 3 && columns[1] == 3, drawsFlags: columns[2] == 3)
  }
}
