import Basics
import TerminalInterface
import Testing

@Suite struct MarkdownStreamTests {
  static let document = """
    # Title

    A paragraph with **bold** text
    on two lines.

    - one
      continued
      - nested
    1. first
    2) second
    - [x] done

    > quoted
    > > deeper

    ```swift
    let x = 1 /* open
    still */ let y = "s"

        indented
    ```
    | a | b |
    |---|--:|
    | 1 | 2 |
    | `x|y` | z |
    after the table
    ---
    Underlined
    ==========
    ~~~
    not closed
    """

  private func blocks(_ text: String) -> [MarkdownBlock] {
    var stream = MarkdownStream()
    return stream.append(text) + stream.finish()
  }

  @Test func parsesADocument() {
    let kinds = blocks(Self.document).map(\.kind)
    #expect(kinds.first == .heading(level: 1, "Title"))
    #expect(kinds.contains(.paragraph("A paragraph with **bold** text\non two lines.")))
    #expect(kinds.contains(.codeStart(language: "swift")))
    #expect(kinds.contains(.codeLine("still */ let y = \"s\"", language: "swift", .comment)))
    #expect(kinds.contains(.codeLine("", language: "swift", .code)))
    #expect(
      kinds.contains(
        .table(
          MarkdownTable(alignments: [.left, .right], rows: [["a", "b"], ["1", "2"], ["`x|y`", "z"]]))))
    #expect(kinds.contains(.heading(level: 1, "Underlined")))
    #expect(kinds.contains(.heading(level: 2, "after the table")))
    #expect(kinds.last == .codeLine("not closed", language: "", .code))
    let items = blocks(Self.document).filter { !$0.context.marker.isEmpty }
    #expect(items.map(\.context.marker) == ["•", "◦", "1.", "2)", "☑"])
    #expect(items.map(\.context.indent) == [0, 2, 0, 0, 0])
    #expect(items[0].kind == .paragraph("one\ncontinued"))
    let quotes = blocks(Self.document).filter { $0.context.quoteDepth > 0 }
    #expect(quotes.map(\.context.quoteDepth) == [1, 2])
  }

  /// Lists and quotes in each other, and the text that belongs to their items.
  @Test func containersNest() {
    let text = """
      1. one

         more of one

             code of one
      1. two
         - inner
           > quoted
      lazy
         ```
         fenced
         ```

      10) ten
      - - both
      -

        after an empty item
      """
    let shown = blocks(text).filter { $0.kind != .blank }.flatMap { block in
      MarkdownRenderer(width: 40).lines(for: block).map(\.text)
    }
    #expect(
      shown == [
        "1. one", "   more of one", "     text", "     code of one", "2. two", "   ◦ inner", "▎      quoted",
        "▎      lazy", "     text", "     fenced", "10) ten", "• ◦ both", "• ", "after an empty item",
      ])
  }

  /// Bullets below a number that are indented by two columns, as many models write them.
  @Test func aBulletBelongsToTheNumberBeforeIt() {
    let text = "1. one\n  - a\n  - b\n2. two\n  * c\n"
    let items = blocks(text).map(\.context)
    #expect(items.map(\.marker) == ["1.", "◦", "◦", "2.", "◦"])
    #expect(items.map(\.indent) == [0, 3, 3, 0, 3])
  }

  /// The blocks do not depend on how the text is divided.
  @Test func portionsDoNotMatter() {
    var generator = SplitMix64(seed: 9)
    for round in 0..<200 {
      let text = round == 0 ? Self.document : hostileText(&generator, pieces: 60)
      let whole = blocks(VisibleText.of(text))
      var stream = MarkdownStream()
      var got: [MarkdownBlock] = []
      var rest = VisibleText.of(text)[...]
      while !rest.isEmpty {
        let count = Int.random(in: 1...7, using: &generator)
        got += stream.append(rest.prefix(count))
        rest = rest.dropFirst(count)
        _ = stream.open
      }
      got += stream.finish()
      #expect(got == whole, "\(text.debugDescription)")
    }
  }

  @Test func theOpenPartIsShownAtOnce() {
    var stream = MarkdownStream()
    #expect(stream.append("Hello **wor").isEmpty)
    #expect(stream.open.map(\.kind) == [.paragraph("Hello **wor")])
    // Marks alone are ambiguous.
    var undecided = MarkdownStream()
    _ = undecided.append("text\n\n##")
    #expect(undecided.open.allSatisfy { if case .blank = $0.kind { true } else { false } })
    var code = MarkdownStream()
    _ = code.append("```c\nint x;\n}")
    #expect(code.open.map(\.kind) == [.codeLine("}", language: "c", .code)])
  }

  @Test func theOpenPartIsBounded() {
    var stream = MarkdownStream()
    var finished = 0
    for _ in 0..<2000 { finished += stream.append(String(repeating: "word ", count: 40)).count }
    let open = stream.open.reduce(0) { sum, block in
      if case .paragraph(let text) = block.kind { sum + text.utf8.count } else { sum }
    }
    #expect(open <= MarkdownStream.openLimit + MarkdownStream.lineLimit + 200)
    #expect(finished > 10)
  }

  @Test func rowsFitTheirWidth() {
    var generator = SplitMix64(seed: 33)
    for round in 0..<200 {
      let text = VisibleText.of(round == 0 ? Self.document : hostileText(&generator, pieces: 60))
      let width = Int.random(in: 4...60, using: &generator)
      for block in blocks(text) {
        for line in MarkdownRenderer(width: width).lines(for: block) {
          #expect(line.columns <= max(width, 8), "\(width): \(line.text.debugDescription)")
        }
      }
    }
  }

  @Test func tablesAlignAndShrink() {
    let table = MarkdownTable(
      alignments: [.left, .right, .center], rows: [["Name", "Size", "x"], ["a long name here", "5", "漢字"]])
    #expect(
      MarkdownTableLayout(table: table, width: 60).lines.map(\.text) == [
        "Name             │ Size │  x  ",
        "─────────────────┼──────┼─────",
        "a long name here │    5 │ 漢字",
      ])
    for line in MarkdownTableLayout(table: table, width: 20).lines { #expect(line.columns <= 20) }
  }

  @Test(arguments: [
    (
      "let x = 5 // c", "swift",
      ["codeKeyword:let", "code: x = ", "codeNumber:5", "code: ", "codeComment:// c"]
    ),
    (
      "print('a\\'b', 1)", "python",
      ["code:print(", "codeString:'a\\'b'", "code:, ", "codeNumber:1", "code:)"]
    ),
    ("SELECT a", "sql", ["codeKeyword:SELECT", "code: a"]),
    ("+added", "diff", ["codeString:+added"]),
    ("whatever", "nolang", ["code:whatever"]),
  ])
  func colours(_ line: String, _ language: String, _ expected: [String]) {
    let (spans, _) = SyntaxHighlighter.highlight(line, language: language, state: .code)
    #expect(spans.map { "\($0.style.role):\($0.text)" } == expected)
  }

  @Test func codeBlocksAreFound() {
    #expect(CodeBlocks.of(Self.document).count == 2)
    #expect(CodeBlocks.of("no code").isEmpty)
    #expect(CodeBlocks.of("> ```\n> a\n> ```\n") == ["a\n"])
  }

  @Test(arguments: ["```\tswift\tx", "``` swift {1}", "~~~swift"])
  func theLanguageOfCodeHasNoSpaces(_ line: String) {
    #expect(MarkdownLine.fence(line)?.language == "swift")
  }
}
