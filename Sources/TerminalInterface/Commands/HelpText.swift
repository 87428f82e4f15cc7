/// The help, generated from the tables of keys, commands and settings.
package enum HelpText {
  /// The rows for a panel of this width.
  /// - Parameter hasKeys: whether the keys are listed, which the line mode does not have.
  package static func lines(width: Int, hasKeys: Bool = true) -> [StyledLine] {
    var lines: [StyledLine] = []
    for group in hasKeys ? Binding.Group.allCases : [] {
      lines.append(Self.heading(group.rawValue))
      lines += rows(
        Keymap.bindings.filter { $0.group == group }.map {
          ($0.keys.map(\.name).joined(separator: ", "), $0.help)
        },
        width)
      lines.append(StyledLine())
    }
    lines.append(Self.heading("Commands"))
    lines += rows(
      CommandEntry.all.map { entry in
        let also =
          entry.aliases.isEmpty ? "" : " (also \(entry.aliases.map { "/" + $0 }.joined(separator: ", ")))"
        return ("/\(entry.name)\(entry.argument.isEmpty ? "" : " \(entry.argument)")", entry.summary + also)
      },
      width)
    lines += rows([("//", "a line that starts with a slash, as a message")], width)
    lines.append(StyledLine())
    lines.append(Self.heading("Settings for /set"))
    lines += rows(Setting.all.map { ($0.name.rawValue, $0.summary) }, width)
    return lines
  }

  private static func heading(_ text: String) -> StyledLine {
    StyledLine([Span(text, TextStyle(.heading, .bold))])
  }

  // Two columns, the second wrapped. A name that is too long gets a row of its own.
  private static func rows(_ pairs: [(String, String)], _ width: Int) -> [StyledLine] {
    let widest = pairs.map { CharacterWidth.columns(of: $0.0) + 3 }.max() ?? 0
    let first = min(width / 2, max(28, min(widest, width * 5 / 12)))
    return pairs.flatMap { name, text -> [StyledLine] in
      let columns = CharacterWidth.columns(of: name)
      let hanging = [Span(String(repeating: " ", count: first + 2), .text)]
      let wrapper = LineWrapper(width: width, hanging: hanging)
      let lead = Span("  \(name)", .accent)
      if columns + 3 > first {
        return [StyledLine([lead]).truncated(to: width)] + wrapper.wrap([Span(text, .text)], first: hanging)
      }
      let space = Span(String(repeating: " ", count: first - columns), .text)
      return wrapper.wrap([Span(text, .text)], first: [lead, space])
    }
  }
}
