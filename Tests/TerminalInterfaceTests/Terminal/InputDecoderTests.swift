import Basics
import TerminalInterface
import Testing

@Suite struct InputDecoderTests {
  static let table: [(bytes: String, events: [TerminalInput])] = [
    ("abc", [.text("abc")]),
    ("é漢👍🏽", [.text("é漢👍🏽")]),
    ("\r", [.key(Key(.enter))]),
    ("\n", [.key(.control("j"))]),
    ("\t", [.key(Key(.tab))]),
    ("\u{1}\u{5}", [.key(.control("a")), .key(.control("e"))]),
    ("\u{7F}", [.key(Key(.backspace))]),
    ("\u{1B}[A\u{1B}OB", [.key(Key(.up)), .key(Key(.down))]),
    ("\u{1B}[1;5C", [.key(Key(.right, .control))]),
    ("\u{1B}[H\u{1B}[4~\u{1B}[7~", [.key(Key(.home)), .key(Key(.end)), .key(Key(.home))]),
    ("\u{1B}[5~\u{1B}[6~\u{1B}[3~", [.key(Key(.pageUp)), .key(Key(.pageDown)), .key(Key(.delete))]),
    (
      "\u{1B}OP\u{1B}[11~\u{1B}[[A",
      [.key(Key(.function(1))), .key(Key(.function(1))), .key(Key(.function(1)))]
    ),
    ("\u{1B}\r", [.key(Key(.enter, .alt))]),
    ("\u{1B}[13;2u\u{1B}[27;2;13~", [.key(Key(.enter, .shift)), .key(Key(.enter, .shift))]),
    ("\u{1B}b\u{1B}f\u{1B}d", [.key(.alt("b")), .key(.alt("f")), .key(.alt("d"))]),
    ("\u{1B}\u{7F}", [.key(Key(.backspace, .alt))]),
    ("\u{1B}[Z", [.key(Key(.tab, .shift))]),
    ("\u{1B}[200~one\r\ntwo\u{1B}[31m\u{1B}[201~x", [.paste("one\r\ntwo\u{1B}[31m"), .text("x")]),
    ("\u{1B}[<64;10;5M\u{1B}[<65;10;5M", [.wheel(-3), .wheel(3)]),
    // A click is nothing, a drag is one; other buttons and incomplete reports are skipped.
    ("\u{1B}[<0;10;5M\u{1B}[<0;10;5m", []), ("\u{1B}[<0;10;5M\u{1B}[<0;12;5mx", [.drag, .text("x")]),
    ("\u{1B}[<0;12;5m\u{1B}[<2;10;5M\u{1B}[<2;12;5m\u{1B}[<64M", []),
    ("\u{1B}[?62;4c", []),
    ("\u{1B}]11;rgb:0000/0000/0000\u{07}z", [.background(red: 0, green: 0, blue: 0), .text("z")]),
    ("\u{1B}P1$r0m\u{1B}\\z", [.text("z")]),
    ("\u{1B}[1;2R", [.key(Key(.function(3), .shift))]),
    ("\u{1B}[999999999999999999999A", [.key(Key(.up))]),
  ]

  @Test(arguments: table)
  func decodes(_ bytes: String, _ events: [TerminalInput]) {
    var decoder = InputDecoder()
    #expect(decoder.feed(bytes.utf8) == events)
  }

  @Test(arguments: table)
  func decodesByteByByte(_ bytes: String, _ events: [TerminalInput]) {
    var decoder = InputDecoder()
    var got: [TerminalInput] = []
    for byte in bytes.utf8 { got += decoder.feed([byte]) }
    #expect(joined(got) == joined(events))
  }

  @Test func aLoneEscapeIsAKeyAfterAPause() {
    var decoder = InputDecoder()
    #expect(decoder.feed([0x1B]) == [])
    #expect(decoder.isPending)
    #expect(decoder.timeout() == [.key(Key(.escape))])
    #expect(!decoder.isPending)
    #expect(decoder.feed([0x1B, 0x1B]) == [.key(Key(.escape))])
    #expect(decoder.timeout() == [.key(Key(.escape))])
  }

  @Test func cursorReportsAreDecodedOnlyOnRequest() {
    var decoder = InputDecoder()
    decoder.expectedReports = 1
    #expect(
      decoder.feed("\u{1B}[1;3R\u{1B}[1;2R".utf8)
        == [.cursorReport(row: 1, column: 3), .key(Key(.function(3), .shift))])
  }

  @Test func invalidBytesBecomeReplacementCharacters() {
    var decoder = InputDecoder()
    #expect(decoder.feed([0xFF, 0x61]) == [.text("\u{FFFD}a")])
    #expect(decoder.feed([0xE6, 0x61]) == [.text("\u{FFFD}a")])
    #expect(decoder.feed([0xE6, 0xBC]) == [])
    #expect(decoder.feed([0xA2]) == [.text("漢")])
  }

  /// Random bytes in random portions: no crash, and control characters only in keys and pastes.
  @Test func randomBytesNeverBecomeControlText() {
    var generator = SplitMix64(seed: 3)
    for _ in 0..<500 {
      var decoder = InputDecoder()
      for _ in 0..<20 {
        let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ -> UInt8 in
          Bool.random(using: &generator)
            ? UInt8.random(in: 0...255, using: &generator)
            : Array("\u{1B}[;~OM<200R".utf8).randomElement(using: &generator) ?? 0
        }
        for case .text(let text) in decoder.feed(bytes) + (bytes.count % 5 == 0 ? decoder.timeout() : []) {
          #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
        }
      }
    }
  }

  @Test func anEndlessSequenceIsBounded() {
    var decoder = InputDecoder()
    _ = decoder.feed([0x1B, 0x5B] + [UInt8](repeating: 0x31, count: 100_000))
    #expect(decoder.feed(Array("mx".utf8)) == [.text("x")])
  }

  // Merges adjacent texts, which portions of the input may divide.
  private func joined(_ events: [TerminalInput]) -> [TerminalInput] {
    events.reduce(into: []) { result, event in
      if case .text(let more) = event, case .text(let text)? = result.last {
        result[result.count - 1] = .text(text + more)
      } else {
        result.append(event)
      }
    }
  }
}
