import Basics
import TerminalInterface
import Testing

@Suite struct TextSearchTests {
  @Test(arguments: [
    ("sea", "The SEA is salt", true), ("SEA", "overseas", true), ("sea", "the se a", false),
    ("", "text", false),
    ("漢字", "the 漢字 here", true), ("漢", "文字", false), ("ÉTÉ", "l'été", true), ("été", "L'ÉTÉ", true),
    ("e", "e\u{301}", false), ("a", "e\u{301}a漢", true), ("a", "漢a", true), ("e\u{301}", "é", true),
    ("a long text", "short", false), ("aab", "aaab", true),
  ])
  func findsInEitherCase(_ wanted: String, _ text: String, _ isFound: Bool) {
    #expect(TextSearch(wanted).isFound(in: text) == isFound)
  }

  /// The same as a comparison by characters.
  @Test func agreesWithTheComparisonOfCharacters() {
    var random = SplitMix64(seed: 5)
    for _ in 0..<3000 {
      let text = hostileText(&random, pieces: 12)
      let wanted = hostileText(&random, pieces: 1).trimmingPrefix { $0 == " " }
      guard !wanted.isEmpty else { continue }
      let expected = text.lowercased().contains(wanted.lowercased())
      #expect(
        TextSearch(String(wanted)).isFound(in: text) == expected,
        "\(wanted.debugDescription) in \(text.debugDescription)")
    }
  }
}
