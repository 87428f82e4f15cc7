/// The modes of the terminal for the mouse wheel. Each change is returned as the sequence to write.
///
/// While the terminal reports the wheel it reports clicks too, and selects text only with Shift. So a drag without Shift
/// gives the mouse back to the terminal until the next key.
package struct MouseMode {
  private let isPossible: Bool
  private var isReporting = false
  private var isReleased = false

  package init(environment: [String: String]) { isPossible = Self.keepsSelection(environment: environment) }

  /// The sequence at the start, and after another program had the terminal.
  ///
  /// Without the wheel, many terminals send arrow keys for it, which would move through the history (alternate scroll,
  /// mode 1007). https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h3-Mouse-Tracking
  package mutating func enter() -> String {
    isReporting = false
    return "\u{1B}[?1007s\u{1B}[?1007l"
  }

  /// The sequence at the end, and before another program gets the terminal.
  package mutating func leave() -> String { report(false) + "\u{1B}[?1007r" }

  /// Handles input: a drag releases the mouse, a key takes it back.
  package mutating func note(_ input: TerminalInput) {
    switch input {
    case .drag: isReleased = true
    case .key, .text, .paste: isReleased = false
    case .cursorReport, .background, .wheel: break
    }
  }

  /// The sequence for the setting `wheel`.
  package mutating func update(_ setting: SettingValue?) -> String {
    report((setting == .flag(true) || setting == .auto && isPossible) && !isReleased)
  }

  private mutating func report(_ isWanted: Bool) -> String {
    guard isWanted != isReporting else { return "" }
    isReporting = isWanted
    // Clicks and the wheel, with coordinates in decimal.
    return isWanted ? "\u{1B}[?1000h\u{1B}[?1006h" : "\u{1B}[?1006l\u{1B}[?1000l"
  }

  /// Whether the terminal is known to select text with Shift while it reports the mouse. tmux either has the mouse for
  /// itself, or lets the terminal have it.
  package static func keepsSelection(environment: [String: String]) -> Bool {
    let type = environment["TERM"] ?? ""
    if environment["TMUX"] != nil || environment["TERM_PROGRAM"] == "tmux" { return true }
    if environment["STY"] != nil || environment["TERM_PROGRAM"] == "Apple_Terminal" { return false }
    let known = [
      "xterm", "kitty", "alacritty", "foot", "ghostty", "wezterm", "contour", "rxvt", "st-", "mintty", "tmux",
    ]
    return known.contains { type.hasPrefix($0) }
  }
}
