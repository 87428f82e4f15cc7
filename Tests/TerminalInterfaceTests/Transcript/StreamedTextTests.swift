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
