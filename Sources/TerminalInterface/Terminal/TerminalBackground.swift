/// The background colour of the terminal, which decides between a dark and a light theme at the first start.
package enum TerminalBackground {
  /// Requests the colour (OSC 11 of xterm). Terminals that do not know it send nothing.
  package static let query = "\u{1B}]11;?\u{1B}\\"

  /// The theme for a background: the light one from half of the brightness on.
  package static func theme(red: Double, green: Double, blue: Double) -> String {
    // The weights of ITU-R BT.601.
    0.299 * red + 0.587 * green + 0.114 * blue >= 0.5 ? "day" : ThemeLibrary.defaultName
  }

  /// The colour in a report such as "]11;rgb:1e1e/1e1e/2e2e"; nil for other strings.
  package static func color(inReport bytes: [UInt8]) -> TerminalInput? {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix("]11;rgb") else { return nil }
    guard let start = text.firstIndex(of: ":") else { return nil }
    let parts = text[text.index(after: start)...].split(separator: "/").map { part -> Double? in
      guard (1...4).contains(part.count), let value = Int(part, radix: 16) else { return nil }
      return Double(value) / Double((1 << (4 * part.count)) - 1)
    }
    guard parts.count >= 3, let red = parts[0], let green = parts[1], let blue = parts[2] else { return nil }
    return .background(red: red, green: green, blue: blue)
  }
}
