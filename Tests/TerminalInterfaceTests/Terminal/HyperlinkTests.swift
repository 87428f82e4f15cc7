import TerminalInterface
import Testing

@Suite struct HyperlinkTests {
  @Test(arguments: [
    (["TERM": "xterm-kitty"], true),
    (["TERM": "xterm-256color", "VTE_VERSION": "6003"], true),
    (["TERM": "xterm-256color", "VTE_VERSION": "4200"], false),
    (["TERM": "xterm-256color"], false),
    (["TERM": "linux"], false),
    (["TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a"], false),
    (["TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.4"], true),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"], true),
  ])
  func support(_ environment: [String: String], _ expected: Bool) {
    #expect(Hyperlinks.areSupported(environment: environment) == expected)
  }

  @Test func aLabelCarriesItsAddress() {
    let spans = InlineParser.spans("see [here](https://a.b/c)", TextStyle(.text), hasLinks: true)
    #expect(spans.map(\.text) == ["see ", "here"])
    #expect(spans.map(\.style.link) == [nil, "https://a.b/c"])
  }

  /// An address from a model must not end the sequence or start another program.
  @Test(arguments: ["javascript:alert(1)", "file:///etc/passwd", "https://a\u{1B}]b", "https://ä.b"])
  func otherAddressesAreText(_ address: String) {
    let spans = InlineParser.spans("[x](\(address))", TextStyle(.text), hasLinks: true)
    #expect(spans.allSatisfy { $0.style.link == nil })
    #expect(spans.map(\.text).joined().contains(address))
  }

  @Test func theSequenceRestoresTheCursor() {
    let run = Hyperlinks.Run(row: 2, column: 4, text: "x", address: "https://a.b", look: "\u{1B}[0;4m")
    let bytes = Hyperlinks.sequence([run])
    #expect(bytes.hasPrefix("\u{1B}7\u{1B}[3;5H\u{1B}[0;4m\u{1B}]8;id="))
    #expect(bytes.hasSuffix(";https://a.b\u{1B}\\x\u{1B}]8;;\u{1B}\\\u{1B}8"))
    #expect(Hyperlinks.sequence([]).isEmpty)
  }
}
