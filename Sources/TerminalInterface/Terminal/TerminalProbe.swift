/// Finds out how wide the terminal draws joined emoji and flags, by writing one and asking where the cursor went.
///
/// The answers come through the keyboard, some milliseconds or a slow network later, or never; until then the safe
/// forms are drawn.
package struct TerminalProbe: Equatable {
  /// What is written: a family, a thumb with a skin tone, a flag, each at the left edge of a line that is cleared.
  package static let question =
    "\u{1B}7\u{1B}[1;1H\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{1B}[6n"
    + "\u{1B}[1;1H\u{1F44D}\u{1F3FD}\u{1B}[6n\u{1B}[1;1H\u{1F1E9}\u{1F1EA}\u{1B}[6n\u{1B}[1;1H\u{1B}[2K\u{1B}8"
  package static let answers = 3

  private var columns: [Int] = []

  /// Takes one answer. Returns the abilities once all are there.
  package mutating func take(column: Int) -> TerminalAbilities? {
    columns.append(column)
    guard columns.count == Self.answers else { return nil }
    return TerminalAbilities(joinsEmoji: columns[0] == 3 && columns[1] == 3, drawsFlags: columns[2] == 3)
  }
}
