/// A key with its modifiers, as the terminal reported it.
package struct Key: Hashable, Sendable {
  /// The key without modifiers.
  package enum Base: Hashable, Sendable {
    case character(Character)
    case enter, tab, backspace, escape
    case up, down, left, right, home, end, pageUp, pageDown, insert, delete
    case function(Int)
  }

  /// The modifiers. Terminals report shift only where it does not change the character.
  package struct Modifiers: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let shift = Modifiers(rawValue: 1)
    package static let alt = Modifiers(rawValue: 2)
    package static let control = Modifiers(rawValue: 4)
  }

  package var base: Base
  package var modifiers: Modifiers

  package init(_ base: Base, _ modifiers: Modifiers = []) {
    self.base = base
    self.modifiers = modifiers
  }

  package static func control(_ letter: Character) -> Key { Key(.character(letter), .control) }

  package static func alt(_ letter: Character) -> Key { Key(.character(letter), .alt) }

  /// The name in the help: Ctrl-A, Alt-Enter, PgUp.
  package var name: String {
    var name = ""
    if modifiers.contains(.control) { name += "Ctrl-" }
    if modifiers.contains(.alt) { name += "Alt-" }
    if modifiers.contains(.shift) { name += "Shift-" }
    switch base {
    case .character(" "): return name + "Space"
    case .character(let letter): return name + (modifiers.isEmpty ? String(letter) : letter.uppercased())
    case .enter: return name + "Enter"
    case .tab: return name + "Tab"
    case .backspace: return name + "Backspace"
    case .escape: return name + "Esc"
    case .up: return name + "Up"
    case .down: return name + "Down"
    case .left: return name + "Left"
    case .right: return name + "Right"
    case .home: return name + "Home"
    case .end: return name + "End"
    case .pageUp: return name + "PgUp"
    case .pageDown: return name + "PgDn"
    case .insert: return name + "Ins"
    case .delete: return name + "Del"
    case .function(let number): return name + "F\(number)"
    }
  }
}

/// The input events of the terminal.
package enum TerminalInput: Equatable, Sendable {
  /// Printable characters as typed.
  case text(String)
  case key(Key)
  /// A complete bracketed paste, including its control characters.
  case paste(String)
  /// A cursor position report; rows and columns start at 1.
  case cursorReport(row: Int, column: Int)
  /// The background colour of the terminal, each component from 0 to 1.
  case background(red: Double, green: Double, blue: Double)
  /// Lines to scroll by the mouse wheel; up is negative.
  case wheel(Int)
  /// The mouse was moved while its first button was held: the user tries to select text.
  case drag
}
