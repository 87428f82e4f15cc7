/// What a piece of text is, from which the theme makes colours, and how it is emphasised on top of that.
struct TextStyle: Sendable, Hashable {
  var role: StyleRole
  var emphasis: Emphasis

  init(_ role: StyleRole, _ emphasis: Emphasis = []) {
    self.role = role
    self.emphasis = emphasis
  }

  /// The same role, emphasised further.
  func adding(_ more: Emphasis) -> TextStyle { TextStyle(role, emphasis.union(more)) }
}

/// Ways to set text apart that do not depend on colour.
struct Emphasis: OptionSet, Sendable, Hashable {
  let rawValue: UInt8

  static let bold = Emphasis(rawValue: 1)
  static let dim = Emphasis(rawValue: 2)
  static let italic = Emphasis(rawValue: 4)
  static let underline = Emphasis(rawValue: 8)
  static let reverse = Emphasis(rawValue: 16)
}

/// Some text in one style.
struct Span: Sendable, Equatable {
  var text: String
  var style: TextStyle

  init(_ text: String, _ style: TextStyle) {
    self.text = text
    self.style = style
  }

  init(_ text: String, _ role: StyleRole) { self.init(text, TextStyle(role)) }
}

/// One row of the screen: spans from the left edge. `fill` paints the rest of the row.
struct StyledLine: Sendable, Equatable {
  var spans: [Span]
  var fill: StyleRole?

  init(_ spans: [Span] = [], fill: StyleRole? = nil) {
    self.spans = spans
    self.fill = fill
  }

  init(_ text: String, _ role: StyleRole) { self.init([Span(text, role)]) }

  /// The text alone, as in snapshots.
  var text: String { spans.reduce(into: "") { $0 += $1.text } }

  /// Columns from the left edge to the end of the text.
  var columns: Int { spans.reduce(0) { $0 + CharacterWidth.columns(of: $1.text) } }

  /// Adds text, to the last span where the style is the same.
  mutating func append(_ text: String, _ style: TextStyle) {
    if text.isEmpty { return }
    if let last = spans.indices.last, spans[last].style == style {
      spans[last].text += text
    } else {
      spans.append(Span(text, style))
    }
  }

  /// The line cut at `width` columns, with an ellipsis where something is lost.
  func truncated(to width: Int) -> StyledLine {
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
}
