import TerminalInterface
import Testing

@Suite struct RenderOptionsTests {
  /// The members of a family are drawn one after another; joiners of scripts stay.
  @Test func joinedEmojiAreSeparated() {
    let apart = RenderOptions.separated("a 👨‍👩‍👧 b ❤️‍🔥 क्‍ष")
    #expect(apart == "a 👨👩👧 b ❤️🔥 क्‍ष")
    #expect(Array("👨‍👩‍👧").count == 1 && RenderOptions.separated("👨‍👩‍👧").count == 3)
  }

  /// A sequence may be split between two parts of a stream.
  @Test(arguments: [("👨\u{200D}", "👩"), ("👨", "\u{200D}👩"), ("a\r", "\nb"), ("क्", "\u{200D}ष")])
  func aSequenceInTwoParts(_ first: String, _ second: String) {
    let options = RenderOptions(joinsEmoji: false)
    let parts = options.visible(first) + options.visible(second, after: first.unicodeScalars.last)
    #expect(parts == options.visible(first + second))
  }
}
