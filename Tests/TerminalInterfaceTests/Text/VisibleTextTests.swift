import Basics
import TerminalInterface
import Testing

@Suite struct VisibleTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("a\nb\tc", "a\nb\tc"), ("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("\u{1B}[31m", "␛[31m"),
    ("\u{7}\u{8}\u{0}", "␇␈␀"), ("\u{7F}", "␡"), ("\u{9B}31m", "\u{FFFD}31m"), ("a\u{202E}b", "a\u{FFFD}b"),
    ("x\u{2066}y", "x\u{FFFD}y"), ("one\u{2028}two", "one\ntwo"), ("e\u{301}👨‍👩‍👧", "e\u{301}👨‍👩‍👧"), ("", ""),
  ])
  func makesControlsVisible(_ text: String, _ expected: String) { #expect(VisibleText.of(text) == expected) }

  @Test func randomTextHasNoControlsLeft() {
    var generator = SplitMix64(seed: 1)
    for _ in 0..<300 {
      let visible = VisibleText.of(hostileText(&generator, pieces: 40))
      for scalar in visible.unicodeScalars where scalar != "\n" && scalar != "\t" {
        #expect(scalar.properties.generalCategory != .control)
        #expect(!(0x202A...0x202E).contains(scalar.value))
      }
    }
  }

  @Test(arguments: [
    (0.0, "<1 ms"), (0.0006, "1 ms"), (0.085, "85 ms"), (0.4, "0.40 s"), (12.4, "12 s"), (125, "2 m 05 s"),
    (Double.nan, "–"),
    (-1, "–"),
  ])
  func durations(_ seconds: Double, _ text: String) { #expect(duration(seconds) == text) }

  @Test func numbers() {
    #expect(grouped(9939) == "9\u{202F}939")
    #expect(grouped(1_234_567) == "1\u{202F}234\u{202F}567")
    #expect(grouped(7) == "7")
    #expect(byteSize(98_362_432) == "98 MB")
    #expect(byteSize(1_200_000_000) == "1.2 GB")
    #expect(byteSize(0) == "0 B")
    #expect(tokenCount(8192) == "8.2k")
    #expect(tokenCount(131_072) == "131k")
    #expect(shortNumber(0.70) == "0.7")
    #expect(shortNumber(1) == "1")
    #expect(fixed(2.005e300, 2) == "–")
  }

  @Test func base64() {
    // RFC 4648, section 10.
    let vectors = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
    for (text, code) in vectors { #expect(Clipboard.base64(Array(text.utf8)) == code) }
    #expect(Clipboard.sequence(for: "foo") == "\u{1B}]52;c;Zm9v\u{07}")
  }
}
