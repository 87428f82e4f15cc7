import Basics
import TerminalInterface
import Testing

struct TOMLDocumentTests {
  @Test(arguments: [
    ("[|alette]", 1), ("[\n]", 1), ("a = 1\n\n[[\u{7F}x]]", 3), ("[.a]", 1), ("a = 1\n \t[=]", 2),
    ("[[[a]]]", 1),
    ("[ä]", 1), ("a = 1\r\n[#]", 2), ("\u{FEFF}[ {", 1), ("a = [}", 1), ("a = [1,\n# b\n }]", 3),
  ])
  func headersWithoutAKeyAreRefused(_ text: String, _ line: Int) {
    #expect(throws: TOMLDocument.SyntaxError.self) { try TOMLDocument.parse(text) }
    do { _ = try TOMLDocument.parse(text) } catch { #expect(error.line == line) }
  }

  @Test(arguments: [
    "[a]", "[[a]]", "[ a . b ]", "[\"a b\"]", "['x']", "a = [\n \"x\",\n]\n[-1_]", "x = 1 # [|\n",
    "a = [\n  [1, 2],\n  []\n]",
  ])
  func validDocumentsAreParsed(_ text: String) throws { _ = try TOMLDocument.parse(text) }

  /// Any text is parsed or refused: most of these begin lines with brackets.
  @Test func randomDocumentsAreHarmless() {
    var random = SplitMix64(seed: 3)
    let parts = [
      "[", "[[", "]", "]]", "\n", "\r\n", " ", "\t", "a", "=", ".", "\"", "'", "{", "}", ",", "1", "-", "#",
      "|", "\u{85}",
      "\u{2028}", "\u{A0}", "é", "\u{0}", "\"\"\"", "true", "1e9",
    ]
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        parts[Int.random(in: 0..<parts.count, using: &random)]
      }.joined()
      do { _ = try TOMLDocument.parse(text) } catch { #expect(error.line >= 1) }
    }
  }
}
