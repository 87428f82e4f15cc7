import Testing

/// The pieces, compared with the `tokenizers` library's regular expressions.
@Suite struct PreTokenizationTests {
  @Test(arguments: [
    "gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "gpt-4o", "tekken", "bailingmoe", "deepseek-v3",
    "falcon",
    "default",
  ])
  func pieces(_ name: String) throws {
    let expected = try #require(Fixtures.decode("expected-cuts.json", as: [String: [Digest]].self)[name])
    try #require(expected.count == Fixtures.texts.count)
    for (text, digest) in zip(Fixtures.texts, expected) {
      let lengths = try #require(PreTokenizer.pieceLengths(of: text, gguf: name))
      #expect(Digest(lengths) == digest, "\(text.debugDescription): \(lengths)")
    }
  }

  @Test func unknownNamesAreRejected() {
    #expect(PreTokenizer.pieceLengths(of: "a", gguf: "no-such-pattern") == nil)
  }

  /// The classes of all characters of Unicode 15, compared with Swift's own tables.
  @Test func classesMatchUnicode() {
    for point in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(point), let age = scalar.properties.age, age.major <= 15 else {
        continue
      }
      // Unicode 17 changed this one to a caseless letter.
      if point == 0x295 { continue }
      let expected: CharacterClass =
        if scalar.properties.isWhitespace {
          .space
        } else {
          switch scalar.properties.generalCategory {
          case .uppercaseLetter, .titlecaseLetter: .upper
          case .lowercaseLetter: .lower
          case .modifierLetter, .otherLetter: .caseless
          case .nonspacingMark, .spacingMark, .enclosingMark: .mark
          case .decimalNumber, .letterNumber, .otherNumber: .number
          case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            .punctuation
          case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: .symbol
          default: []
          }
        }
      if CharacterClass.of(point) != expected {
        Issue.record("U+\(String(point, radix: 16)): \(CharacterClass.of(point)), not \(expected)")
      }
    }
  }
}
