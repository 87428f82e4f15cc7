import Basics
import Testing

@Suite struct StreamingDecoderTests {
  @Test(arguments: ["gpt2", "gemma", "llama2"])
  func streamedTextEqualsDecodedText(_ name: String) throws {
    let tokenizer = try Fixtures.tokenizer(name)
    for text in Fixtures.texts {
      let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
      var decoder = StreamingDecoder(tokenizer, skipSpecial: true)
      var streamed = ids.map { decoder.feed($0) }.joined()
      streamed += decoder.flush()
      #expect(Array(streamed.utf8) == Array(tokenizer.decode(ids, skipSpecial: true).utf8))
    }
  }

  /// Single bytes: text is returned as soon as a character is complete, and at once if it cannot become
  /// valid.
  @Test func textIsReturnedAsEarlyAsPossible() throws {
    let tokenizer = try Fixtures.tokenizer("gpt2")
    func outputs(_ bytes: [UInt8]) throws -> [String] {
      var decoder = StreamingDecoder(tokenizer, skipSpecial: false)
      var outputs: [String] = []
      for byte in bytes {
        let id = try #require((0..<Int32(300)).first { tokenizer.bytes(of: $0) == [byte] })
        outputs.append(decoder.feed(id))
      }
      return outputs + [decoder.flush()]
    }
    #expect(try outputs(Array("aé日😀".utf8)) == ["a", "", "é", "", "", "日", "", "", "", "😀", ""])
    #expect(try outputs([0xE6, 0x61]) == ["", "\u{FFFD}a", ""])
    #expect(try outputs([0xFF, 0x61]) == ["\u{FFFD}", "a", ""])
    #expect(try outputs([0x80]) == ["\u{FFFD}", ""])
    #expect(try outputs([0xF0, 0x9F, 0x98]) == ["", "", "", "\u{FFFD}"])
    // Overlong forms and surrogates cannot be completed.
    #expect(try outputs([0xE0, 0x80]) == ["", "\u{FFFD}\u{FFFD}", ""])
    #expect(try outputs([0xED, 0xA0]) == ["", "\u{FFFD}\u{FFFD}", ""])
  }

  @Test func randomTokensStreamToTheDecodedText() throws {
    let tokenizer = try Fixtures.tokenizer("gpt2")
    var generator = SplitMix64(seed: 5)
    for _ in 0..<500 {
      let ids = (0..<20).map { _ in Int32.random(in: 0..<Int32(tokenizer.vocabularyCount), using: &generator)
      }
      var decoder = StreamingDecoder(tokenizer, skipSpecial: false)
      let parts = ids.map { decoder.feed($0) } + [decoder.flush()]
      #expect(parts.joined() == tokenizer.decode(ids, skipSpecial: false))
    }
  }
}
