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
  @Test func aSequenceInTwoParts() {
    let parts = ["👨\u{200D}", "👩"].map(RenderOptions.separated).joined()
    #expect(parts == "👨👩")
    #expect(["👨", "\u{200D}👩"].map(RenderOptions.separated).joined() == "👨👩")
  }
}
