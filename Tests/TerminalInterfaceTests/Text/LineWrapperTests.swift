import Basics
import TerminalInterface
import Testing

@Suite struct LineWrapperTests {
  static let prose: [(text: String, width: Int, rows: [String])] = [
    ("", 10, [""]),
    ("short", 10, ["short"]),
    ("two words", 5, ["two", "words"]),
    ("exact fit!", 10, ["exact fit!"]),
    ("exact fit! and", 10, ["exact fit!", "and"]),
    ("a  b", 10, ["a  b"]),
    ("abcdefghijkl", 5, ["abcde", "fghij", "kl"]),
    ("ab cdefghijkl", 5, ["ab", "cdefg", "hijkl"]),
    ("one\ntwo\n\nfour", 10, ["one", "two", "", "four"]),
    ("well-known fact", 7, ["well-", "known", "fact"]),
    ("in ~/my-models/a-b.gguf now", 16, ["in", "~/my-models/a-b.", "gguf now"]),
    ("see /a/b-c or d-e", 9, ["see", "/a/b-c or", "d-e"]),
    ("漢字かな", 5, ["漢字", "かな"]),
    ("漢字、かな", 4, ["漢", "字、", "かな"]),
    ("「漢字」", 4, ["「漢", "字」"]),
    ("ab漢字", 4, ["ab漢", "字"]),
    ("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 4, ["👨‍👩‍👧👨‍👩‍👧", "👨‍👩‍👧"]),
    ("a\tb", 10, ["a   b"]),
    ("  indented text", 12, ["  indented", "text"]),
    ("e\u{301}e\u{301}e\u{301}", 2, ["e\u{301}e\u{301}", "e\u{301}"]),
  ]

  @Test(arguments: prose)
  func breaksProse(_ text: String, _ width: Int, _ rows: [String]) {
    #expect(LineWrapper(width: width).wrap(text, .text).map(\.text) == rows)
  }

  @Test func breaksCodeAnywhereAndKeepsSpaces() {
    let wrapper = LineWrapper(width: 6, breaksAtWords: false)
    #expect(wrapper.wrap("  if x == 1 {", .code).map(\.text) == ["  if x", " == 1 ", "{"])
  }

  @Test func hangsUnderAMarker() {
    let wrapper = LineWrapper(width: 10, hanging: [Span("  ", .text)])
    let rows = wrapper.wrap([Span("one two three four", .text)], first: [Span("• ", .listMark)])
    #expect(rows.map(\.text) == ["• one two", "  three", "  four"])
  }

  @Test func stylesSurviveBreaks() {
    let rows = LineWrapper(width: 4).wrap([Span("ab ", .text), Span("cd ef", .heading)])
    #expect(rows.map(\.spans) == [[Span("ab", .text)], [Span("cd", .heading)], [Span("ef", .heading)]])
  }

  /// No row is too wide, and only spaces at breaks are removed.
  @Test func randomTextFitsItsWidth() {
    var generator = SplitMix64(seed: 7)
    for round in 0..<400 {
      let text = VisibleText.of(hostileText(&generator, pieces: 30))
      let width = Int.random(in: 10...40, using: &generator)
      let hanging = round % 3 == 0 ? [Span("    ", StyleRole.text)] : []
      let wrapper = LineWrapper(width: width, hanging: hanging, breaksAtWords: round % 2 == 0)
      let rows = wrapper.wrap(text, .text)
      let widest = rows.max { $0.columns < $1.columns }?.text ?? ""
      #expect(CharacterWidth.columns(of: widest) <= width, "width \(width): \(text.debugDescription)")
      func solid(_ text: String) -> String.UnicodeScalarView {
        text.unicodeScalars.filter { !$0.properties.isWhitespace && CharacterWidth.columns(of: $0) > 0 }
      }
      #expect(
        String(solid(rows.map(\.text).joined())) == String(solid(text)),
        "width \(width): \(text.debugDescription)")
    }
  }

  @Test(arguments: [
    ("short", 10, "short"), ("a longer line", 8, "a longe…"), ("漢字漢字", 5, "漢字…"), ("abc", 0, ""),
  ])
  func truncates(_ text: String, _ width: Int, _ expected: String) {
    #expect(StyledLine(text, .text).truncated(to: width).text == expected)
  }
}
