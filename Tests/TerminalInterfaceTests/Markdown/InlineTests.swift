import Basics
import TerminalInterface
import Testing

@Suite struct InlineTests {
  // Spans written as text: *b*old, /i/talic, ~d~im for struck, `c`ode, [l]ink, (d)im.
  private func written(_ text: String, isOpen: Bool = false) -> String {
    InlineParser.spans(text, TextStyle(.text), isOpen: isOpen).map { span in
      var mark = ""
      if span.style.emphasis.contains(.bold) { mark += "b" }
      if span.style.emphasis.contains(.italic) { mark += "i" }
      if span.style.emphasis.contains(.dim) { mark += "s" }
      if span.style.role == .codeInline { mark += "c" }
      if span.style.role == .link { mark += "l" }
      if span.style.role == .dim { mark += "d" }
      return mark.isEmpty ? span.text : "{\(mark):\(span.text)}"
    }.joined()
  }

  @Test(arguments: [
    ("plain text", "plain text"),
    ("a **bold** word", "a {b:bold} word"),
    ("an *italic* word", "an {i:italic} word"),
    ("_italic_ and __bold__", "{i:italic} and {b:bold}"),
    ("***both***", "{bi:both}"),
    ("**bold with *italic* inside**", "{b:bold with }{bi:italic}{b: inside}"),
    ("*a **b** c*", "{i:a }{bi:b}{i: c}"),
    ("~~gone~~ stays", "{s:gone} stays"),
    ("snake_case_name", "snake_case_name"),
    ("2 * 3 * 4", "2 * 3 * 4"),
    ("5*3*2", "5{i:3}2"),
    ("`code` here", "{c:code} here"),
    ("``a ` b``", "{c:a ` b}"),
    ("`**not bold**`", "{c:**not bold**}"),
    ("\\*not italic\\*", "*not italic*"),
    ("a\\b", "a\\b"),
    ("[text](https://a.b)", "{l:text}{d: (https://a.b)}"),
    ("[https://a.b](https://a.b)", "{l:https://a.b}"),
    ("[a](b \"title\")", "{l:a}{d: (b)}"),
    ("[not a link]", "[not a link]"),
    ("[1] and (2)", "[1] and (2)"),
    ("![alt](x.png)", "{l:alt}{d: (x.png)}"),
    ("see https://swift.org/a_b_c. Then", "see {l:https://swift.org/a_b_c}. Then"),
    ("<https://a.b>", "{l:https://a.b}"),
    ("a < b && c > d", "a < b && c > d"),
    ("&lt;tag&gt; &amp; co", "<tag> & co"),
    ("one<br>two", "one\ntwo"),
    ("**never closed", "**never closed"),
    ("`never closed", "`never closed"),
    ("**one* mark left", "*{i:one} mark left"),
    ("![a *b* ![c](d)](e)", "{l:a b c}{d: (e)}"),
    ("[![a](b)](c)", "{l:a}{d: (b) (c)}"),
    ("[a [b](c)](d)", "[a {l:b}{d: (c)}](d)"),
    ("[a](<b c> (title))", "{l:a}{d: (b c)}"),
    ("[a](b\\_c&amp;d)", "{l:a}{d: (b_c&d)}"),
    ("<a@b.org>", "{l:a@b.org}"),
    ("a vector<std::string> of <a href=\"_b_\">", "a vector<std::string> of <a href=\"_b_\">"),
    ("`two\nlines`", "{c:two lines}"),
    ("** not bold", "** not bold"),
    ("a*", "a*"),
    ("**", "**"),
    ("漢字**太字**漢字", "漢字{b:太字}漢字"),
    ("a&#9;b&#10;c&#27;d", "a\tb\nc&#27;d"),
    ("&CounterClockwiseContourIntegral; &ngE; &nothing; &;", "∳ ≧̸ &nothing; &;"),
  ])
  func parses(_ text: String, _ expected: String) { #expect(written(text) == expected) }

  /// While a text streams, marks without an end extend to its end.
  @Test(arguments: [
    ("**still being written", "{b:still being written}"),
    ("`still code", "{c:still code}"),
    ("** not bold", "** not bold"),
    ("**", "**"),
  ])
  func parsesAnOpenText(_ text: String, _ expected: String) {
    #expect(written(text, isOpen: true) == expected)
  }

  @Test func hostileTextIsParsedCompletely() {
    let lots = [
      String(repeating: "*", count: 8000), String(repeating: "*a", count: 8000),
      String(repeating: "[", count: 8000),
      String(repeating: "[a](", count: 3000), String(repeating: "`a``", count: 4000),
      String(repeating: "<", count: 8000),
      String(repeating: "**a _b ", count: 3000), String(repeating: "_a_", count: 5000),
      String(repeating: "[", count: 400) + String(repeating: "](a)", count: 400),
      String(repeating: "![", count: 400) + String(repeating: "](a)", count: 400),
      String(repeating: "<a b=\"", count: 2000), String(repeating: "<!--", count: 2000),
      String(repeating: "[<a:", count: 3000), String(repeating: "<?", count: 6000),
      String(repeating: "\\[a", count: 4000), String(repeating: "[a]", count: 4000),
    ]
    for text in lots { #expect(!InlineParser.spans(text, TextStyle(.text)).isEmpty) }
    var generator = SplitMix64(seed: 21)
    for _ in 0..<1000 {
      let text = hostileText(&generator, pieces: 20)
      let shown = InlineParser.spans(text, TextStyle(.text)).map(\.text).joined()
      // Marks may be removed, letters may not.
      #expect(
        shown.filter(\.isLetter).count >= text.filter(\.isLetter).count - 12 * text.count(of: "&amp;") - 2
          * text.count(of: "]("))
    }
  }
}

extension String {
  func count(of part: String) -> Int { split(separator: part, omittingEmptySubsequences: false).count - 1 }
}
