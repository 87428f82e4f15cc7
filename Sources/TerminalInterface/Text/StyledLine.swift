/// The style of a piece of text: its role, which the theme maps to colours, and additional emphasis.
package struct TextStyle: Sendable, Hashable {
  package var role: StyleRole
  package var emphasis: Emphasis
  /// The address that the text is a link to; nil for none.
  package var link: String?

  package init(_ role: StyleRole, _ emphasis: Emphasis = [], link: String? = nil) {
    self.role = role
    self.emphasis = emphasis
    self.link = link
  }

  /// The same role with additional emphasis.
  package func adding(_ more: Emphasis) -> TextStyle { TextStyle(role, emphasis.union(more), link: link) }
}

/// Text attributes that do not depend on colour.
package struct Emphasis: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let bold = Emphasis(rawValue: 1)
  package static let dim = Emphasis(rawValue: 2)
  package static let italic = Emphasis(rawValue: 4)
  package static let underline = Emphasis(rawValue: 8)
  package static let reverse = Emphasis(rawValue: 16)
  /// Struck through. Drawn as combining characters, because curses has no such attribute.
  package static let struck = Emphasis(rawValue: 32)
}

/// Some text in one style.
package struct Span: Sendable, Equatable {
  package var text: String
  package var style: TextStyle

  package init(_ text: String, _ style: TextStyle) {
    self.text = text
    self.style = style
  }

  package init(_ text: String, _ role: StyleRole) { self.init(text, TextStyle(role)) }
}

/// One row of the screen: spans from the left edge. `fill` paints the rest of the row.
package struct StyledLine: Sendable, Equatable {
  package var spans: [Span]
  package var fill: StyleRole?

  package init(_ spans: [Span] = [], fill: StyleRole? = nil) {
    self.spans = spans
    self.fill = fill
  }

  package init(_ text: String, _ role: StyleRole) { self.init([Span(text, role)]) }

  /// The text alone, as in snapshots.
  package var text: String { spans.reduce(into: "") { $0 += $1.text } }

  /// Whether every character takes one column and one byte.
  package var isASCII: Bool { spans.allSatisfy { $0.text.utf8.allSatisfy { $0 < 0x80 } } }

  /// Columns from the left edge to the end of the text.
  package var columns: Int { spans.reduce(0) { $0 + CharacterWidth.columns(of: $1.text) } }

  /// Appends text; it extends the last span if the style is the same.
  package mutating func append(_ text: String, _ style: TextStyle) {
    if text.isEmpty { return }
    if let last = spans.indices.last, spans[last].style == style {
      spans[last].text += text
    } else {
      spans.append(Span(text, style))
    }
  }

  /// The line truncated to `width` columns, with an ellipsis if text was removed.
  package func truncated(to width: Int) -> StyledLine {
    guard columns > width else { return self }
    var result = StyledLine(fill: fill)
    var left = max(0, width - 1)
    for span in spans {
      var kept = ""
      for character in span.text {
        let columns = CharacterWidth.columns(of: character)
        if columns > left {
          result.append(kept + (width > 0 ? "…" : ""), span.style)
          return result
        }
        left -= columns
        kept.append(character)
      }
      result.append(kept, span.style)
    }
    return result
  }

  /// The line with a text in reverse video wherever it occurs, in either case.
  package func marking(_ wanted: String) -> StyledLine {
    let wanted = Array(wanted.lowercased())
    let cells = spans.flatMap { span in span.text.map { ($0, span.style) } }
    let letters = cells.map { $0.0.lowercased().first ?? $0.0 }
    guard !wanted.isEmpty, letters.count >= wanted.count else { return self }
    var result = StyledLine(fill: fill)
    var left = 0
    for (index, cell) in cells.enumerated() {
      if index + wanted.count <= letters.count, letters[index..<(index + wanted.count)].elementsEqual(wanted)
      {
        left = wanted.count
      }
      result.append(String(cell.0), left > 0 ? cell.1.adding(.reverse) : cell.1)
      left -= 1
    }
    return result
  }

  /// The line as part of a selection.
  package var selected: StyledLine {
    StyledLine(spans.map { Span($0.text, TextStyle(.menuSelected, $0.style.emphasis)) }, fill: .menuSelected)
  }
}
