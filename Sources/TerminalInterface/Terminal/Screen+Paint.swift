extension Screen {
  /// The attributes and colours of a style, as curses takes them.
  struct Paint {
    var attributes: Int32
    var foreground: Int32
    var background: Int32
  }
}

extension Screen.Paint {
  /// The SGR sequence that selects these attributes and colours.
  func sequence(_ depth: ColorDepth) -> String {
    let codes: [(Emphasis, String)] = [
      (.bold, "1"), (.dim, "2"), (.italic, "3"), (.underline, "4"), (.reverse, "7"),
    ]
    let emphasis = Emphasis(rawValue: UInt8(clamping: attributes))
    var parts = ["0"] + codes.filter { emphasis.contains($0.0) }.map(\.1)
    for (value, base) in [(Int(foreground), 30), (Int(background), 40)] where value >= 0 {
      if depth == .direct, value >= 8 {
        parts.append("\(base + 8);2;\(value >> 16);\(value >> 8 & 255);\(value & 255)")
      } else {
        parts.append(value < 8 ? "\(base + value)" : "\(base + 8);5;\(value)")
      }
    }
    return "\u{1B}[\(parts.joined(separator: ";"))m"
  }
}
