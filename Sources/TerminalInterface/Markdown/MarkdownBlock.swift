/// A piece of a Markdown document that is laid out by itself. Documents are flat: quotes and lists are not nested
/// blocks but a context that each block carries, so that every finished line of an answer can be drawn once and left
/// alone while the rest still streams.
package struct MarkdownBlock: Sendable, Equatable {
  /// Where a block stands.
  package struct Context: Sendable, Equatable {
    /// How many quotes it is in.
    package var quoteDepth = 0
    /// Columns from the left edge.
    package var indent = 0
    /// What stands before its first row: a bullet or a number; empty for none.
    package var marker = ""
  }

  package enum Kind: Sendable, Equatable {
    /// Inline text; line feeds are kept as line ends.
    case paragraph(String)
    case heading(level: Int, String)
    /// The head of a code block; the language as written, perhaps empty.
    case codeStart(language: String)
    /// One line of code, and what was open before it (a comment or string over several lines).
    case codeLine(String, language: String, SyntaxState)
    case rule
    case table(MarkdownTable)
    /// One or more empty lines.
    case blank
  }

  package var context: Context
  package var kind: Kind
}

/// The cells of a table as inline text; the first row is its head.
package struct MarkdownTable: Sendable, Equatable {
  package enum Alignment: Sendable, Equatable {
    case left, center, right
  }

  package var alignments: [Alignment]
  package var rows: [[String]]

  package init(alignments: [Alignment], rows: [[String]]) {
    self.alignments = alignments
    self.rows = rows
  }
}
