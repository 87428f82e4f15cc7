import Basics
import TerminalInterface
import Testing

@Suite struct StreamedTextTests {
  private func rows(_ text: StreamedText) -> [StyledLine] { (0..<text.count).map { text[$0] } }

  /// A text that grew has the same rows as the complete text, also after a change of the width.
  @Test func growingEqualsComplete() {
    var generator = SplitMix64(seed: 17)
    for _ in 0..<100 {
      let text = VisibleText.of(hostileText(&generator, pieces: 60))
      var growing = StreamedText(role: .text)
      var end = text.startIndex
      while end < text.endIndex {
        end =
          text.index(end, offsetBy: Int.random(in: 1...9, using: &generator), limitedBy: text.endIndex)
          ?? text.endIndex
        growing.update(
          String(text[..<end]), width: Int.random(in: 10...40, using: &generator), isFinal: false)
      }
      growing.update(text, width: 30, isFinal: true)
      var whole = StreamedText(role: .text)
      whole.update(text, width: 30, isFinal: true)
      #expect(rows(growing) == rows(whole))
    }
  }

  /// The rows of an open paragraph are those of the same paragraph after its end.
  @Test(arguments: ["", "- ", "> ", "1. "])
  func anOpenParagraphEqualsAFinishedOne(_ mark: String) {
    let lines = [
      "w", "word 漢字 " + String(repeating: "long ", count: 20), "w **bold** w", "w `code` w", "w e\u{301} 👨‍👩‍👧 -",
      "w https://a.b/c", "w $x^2$", "w &amp; w\\", "w 1.5 (h)",
    ]
    var generator = SplitMix64(seed: 4)
    for _ in 0..<40 {
      let width = Int.random(in: 4...50, using: &generator)
      let quote = mark == "> " ? mark : ""
      var text = mark
      var growing = StreamedText(role: .text)
      for _ in 0..<20 {
        let line = lines.randomElement(using: &generator) ?? ""
        text += line
        growing.update(text, width: width, isFinal: false)
        var whole = StreamedText(role: .text)
        whole.update(text, width: width, isFinal: true)
        #expect(rows(growing) == rows(whole), "\(text)")
        text += "\n" + quote
      }
    }
  }

  /// Several joiners between two parts of a stream are those of one text.
  @Test(arguments: ["👧\u{200D}|\u{200D}❤️", "👧|\u{200D}\u{200D}❤️", "a\r\u{200D}|\nb", "a\r|\nb"])
  func joinersBetweenParts(_ text: String) {
    let parts = text.split(separator: "|")
    let options = RenderOptions(joinsEmoji: false)
    var growing = StreamedText(role: .text)
    growing.update(String(parts[0]), width: 20, isFinal: false, options: options)
    growing.update(parts.joined(), width: 20, isFinal: true, options: options)
    var whole = StreamedText(role: .text)
    whole.update(parts.joined(), width: 20, isFinal: true, options: options)
    #expect(rows(growing) == rows(whole))
  }

  /// A definition counts for the text after it at once, and for the text before it when the message is complete.
  @Test func definitionsOfLinks() {
    let definitions = "[1]: https://a.b\n[Alice]: Hello\n[^1]: a/footnote"
    let text = "A [first][1] link.\n\n\(definitions)\n\nA [second][1] link."
    var growing = StreamedText(role: .text)
    var end = text.startIndex
    while end < text.endIndex {
      growing.update(String(text[..<end]), width: 60, isFinal: false)
      end = text.index(after: end)
    }
    growing.update(text, width: 60, isFinal: false)
    let after = ["", "[Alice]: Hello", "[^1]: a/footnote", "", "A second (https://a.b) link."]
    #expect(rows(growing).map(\.text) == ["A [first][1] link."] + after)
    growing.update(text, width: 40, isFinal: false)
    #expect(rows(growing).map(\.text).first == "A [first][1] link.")
    growing.update(text, width: 60, isFinal: true)
    #expect(rows(growing).map(\.text) == ["A first (https://a.b) link."] + after)
  }

  /// Rows above the open block never change while a text grows.
  @Test func finishedRowsStay() {
    let text = MarkdownStreamTests.document
    var growing = StreamedText(role: .text)
    var stable: [StyledLine] = []
    for end in text.indices {
      growing.update(String(text[..<end]), width: 24, isFinal: false)
      let now = Array((0..<growing.finishedCount).map { growing[$0] })
      #expect(now.starts(with: stable))
      stable = now
    }
    #expect(stable.count > 10)
  }
}
