/// Hyperlinks by OSC 8, which curses does not know: the text of a link is written once more, over its own cells, between
/// the sequences that mark it. Cursor and attributes are saved around it, so that curses notices nothing.
package enum Hyperlinks {
  /// A part of a row that is a link.
  package struct Run: Sendable, Equatable {
    package var row: Int
    package var column: Int
    package var text: String
    package var address: String
    /// The SGR sequence of its style.
    package var look: String

    package init(row: Int, column: Int, text: String, address: String, look: String) {
      self.row = row
      self.column = column
      self.text = text
      self.address = address
      self.look = look
    }
  }

  /// The bytes that mark these runs. https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda
  package static func sequence(_ runs: [Run]) -> String {
    guard !runs.isEmpty else { return "" }
    var bytes = "\u{1B}7"
    for run in runs {
      // The rows of one link have the same identifier, so that the terminal highlights them together.
      let identifier = run.address.utf8.reduce(UInt32(5381)) { $0 &* 33 &+ UInt32($1) }
      bytes += "\u{1B}[\(run.row + 1);\(run.column + 1)H\(run.look)"
      bytes += "\u{1B}]8;id=\(identifier);\(run.address)\u{1B}\\\(run.text)\u{1B}]8;;\u{1B}\\"
    }
    return bytes + "\u{1B}8"
  }

  /// Whether the terminal follows such links. Unknown terminals mostly ignore them, but some print them.
  package static func areSupported(environment: [String: String]) -> Bool {
    let type = environment["TERM"] ?? ""
    let program = environment["TERM_PROGRAM"] ?? ""
    if program == "tmux" || environment["TMUX"] != nil {
      return version(environment["TERM_PROGRAM_VERSION"] ?? "") >= (3, 4)
    }
    if environment["STY"] != nil || type.hasPrefix("screen") { return false }
    if ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio"].contains(program) { return true }
    if ["kitty", "alacritty", "foot", "ghostty", "wezterm", "contour"].contains(where: { type.contains($0) })
    {
      return true
    }
    if environment["WT_SESSION"] != nil || environment["KONSOLE_VERSION"] != nil { return true }
    return Int(environment["VTE_VERSION"] ?? "").map { $0 >= 5000 } ?? false
  }

  private static func version(_ text: String) -> (Int, Int) {
    let parts = text.split(separator: ".")
    func number(_ index: Int) -> Int {
      parts.indices.contains(index) ? Int(parts[index].prefix { $0.isNumber }) ?? 0 : 0
    }
    return (number(0), number(1))
  }
}
