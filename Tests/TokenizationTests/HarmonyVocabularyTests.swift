import TestSupport
import Testing

/// GPT-OSS's vocabulary from a folder with a rank file and a config.json.
@Suite struct HarmonyVocabularyTests {
  /// As many tokens as o200k_base: the bytes, then tokens of four bytes.
  private static let ranks: [UInt8] = {
    var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { [$0] }
    for index in 0..<199_742 {
      let byte = { (shift: Int) in UInt8(truncatingIfNeeded: index >> shift) }
      tokens.append([byte(0), byte(8), byte(16), UInt8(ascii: "~")])
    }
    return MergingTests.rankFile(tokens)
  }()

  private func folder(_ configuration: String, ranks: [UInt8] = Self.ranks) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write("o200k_base.tiktoken", ranks)
    _ = try folder.write("config.json", Array(configuration.utf8))
    return folder
  }

  /// The ids of the model card and of the `openai-harmony` library.
  @Test func specialTokensHaveTheirIds() throws {
    let folder = try folder(#"{"model_type": "gpt_oss"}"#)
    let tokenizer = try Tokenizer.load(path: folder.path, cache: nil, isHarmony: true)
    let expected: [String: Int32] = [
      "<|startoftext|>": 199_998, "<|endoftext|>": 199_999, "<|return|>": 200_002, "<|constrain|>": 200_003,
      "<|channel|>": 200_005, "<|start|>": 200_006, "<|end|>": 200_007, "<|message|>": 200_008,
      "<|call|>": 200_012, "<|reserved_200000|>": 200_000, "<|reserved_200013|>": 200_013,
      "<|endofprompt|>": 200_018, "<|reserved_201087|>": 201_087,
    ]
    for (name, id) in expected {
      #expect(tokenizer.id(of: name) == id)
      #expect(tokenizer.isSpecial(id))
      #expect(tokenizer.encode(name, addSpecial: false, parseSpecial: true) == [id])
      #expect(tokenizer.encode(name, addSpecial: false, parseSpecial: false).count > 1)
      #expect(tokenizer.decode([id], skipSpecial: false) == name)
      #expect(tokenizer.decode([id], skipSpecial: true).isEmpty)
    }
    #expect(tokenizer.vocabularyCount == 201_088)
    #expect(tokenizer.bosToken == 199_998)
    #expect(tokenizer.eosToken == 200_002)
    // <|end|> ends a message, not the turn.
    #expect(tokenizer.endOfGenerationTokens == [199_999, 200_002, 200_012])
  }

  @Test func otherModelsUseTheBaseEncoding() throws {
    let folder = try folder(#"{"model_type": "something"}"#)
    let tokenizer = try Tokenizer.load(path: folder.path, cache: nil)
    #expect(tokenizer.id(of: "<|channel|>") == nil)
    #expect(tokenizer.id(of: "<|endoftext|>") == 199_999)
  }

  @Test func aShortRankFileIsRejected() throws {
    let folder = try folder(#"{"model_type": "gpt_oss"}"#, ranks: Fixtures.bytes("small.tiktoken"))
    #expect {
      _ = try Tokenizer.load(path: folder.path, cache: nil, isHarmony: true)
    } throws: { error in
      "\(error)".contains("o200k_base.tiktoken") && "\(error)".contains("199998")
    }
  }

  @Test func aFolderWithoutVocabularyIsRejected() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("config.json", Array(#"{"model_type": "gpt_oss"}"#.utf8))
    #expect {
      _ = try Tokenizer.load(path: folder.path, cache: nil)
    } throws: { "\($0)".contains("tokenizer.json") }
  }
}
