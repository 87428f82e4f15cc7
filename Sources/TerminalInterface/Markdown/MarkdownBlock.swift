/// A part of a Markdown document that is laid out independently. Documents are flat: quotes and lists are not nested
/// blocks but the context of each block, so that each finished line of an answer is laid out once while the rest still
/// streams.
package struct MarkdownBlock: Sendable, Equatable {
  /// The quotes, indentation and marker of a block.
  package struct Context: Sendable, Equatable {
    /// The number of enclosing quotes.
    package var quoteDepth = 0
    /// Columns from the left edge.
    package var indent = 0
    /// The bullet or number before its first row; empty for none.
    package var marker = ""
  }

  package enum Kind: Sendable, Equatable {
    /// Inline text; line feeds are kept as line ends.
    case paragraph(String)
    case heading(level: Int, String)
    /// The start of a code block, with the language as written, which may be empty.
    case codeStart(language: String)
    /// One line of code, with the syntax state before it (a comment or string over several lines).
    case codeLine(String, language: String, SyntaxState)
    /// One line of a block of raw HTML, with its indent. It is shown as written.
    case htmlLine(String)
    case rule
    /// Display mathematics in LaTeX, without its delimiters.
    case math(String)
    case table(MarkdownTable)
    /// The definition of a link's address, which is not shown.
    case definition(label: String, address: String)
    /// One or more empty lines.
    case blank
  }

  package var context: Context
  package var kind: Kind

  /// Whether inline text of the block contains a bracket, which may start a link.
  var hasBrackets: Bool {
    switch kind {
    case .paragraph(let text), .heading(_, let text): text.utf8.contains(UInt8(ascii: "["))
    case .table(let table): table.rows.joined().contains { $0.utf8.contains(UInt8(ascii: "[")) }
    default: false
    }
  }
}

/// The cells of a table as inline text; the first row is the header.
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
