import Testing

@Suite struct AddedTokenTests {
  @Test func optionsMatchTheLibrary() throws {
    let tokenizer = try Fixtures.tokenizer("added")
    let expected = try Fixtures.decode("expected-ids.json", as: Reference.self).added
    let texts = try Fixtures.decode("added-texts.json", as: [String].self)
    try #require(expected.count == texts.count)
    for (text, ids) in zip(texts, expected) {
      #expect(tokenizer.ids(text) == ids, "\(text.debugDescription)")
    }
  }

  @Test func specialTokensInTextAreTextUnlessAskedFor() throws {
    let tokenizer = try Fixtures.tokenizer("gpt2")
    let end = try #require(tokenizer.id(of: "<|im_end|>"))
    let text = "hi<|im_end|>"
    #expect(tokenizer.encode(text, addSpecial: false, parseSpecial: true).last == end)
    let plain = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
    #expect(!plain.contains { tokenizer.isSpecial($0) })
    #expect(tokenizer.decode(plain, skipSpecial: true) == text)
  }

  @Test func addedTokensThatAreNotSpecialAreAlwaysFound() throws {
    let tokenizer = try Fixtures.tokenizer("added")
    let id = try #require(tokenizer.id(of: "<a><b>"))
    #expect(tokenizer.encode("<a><b>", addSpecial: false, parseSpecial: false) == [id])
    #expect(!tokenizer.isSpecial(id))
  }

  @Test func specialTokensComeFromTheConfigFiles() throws {
    let tokenizer = try Tokenizer(
      json: Fixtures.bytes("gpt2.tokenizer.json"),
      tokenizerConfig: Array(
        #"{"bos_token": {"content": "<|im_start|>"}, "pad_token": "<|endoftext|>"}"#.utf8),
      generationConfigs: [Array(#"{"eos_token_id": [2, 5, -1, 99999999]}"#.utf8)])
    #expect(tokenizer.bosToken == tokenizer.id(of: "<|im_start|>"))
    #expect(tokenizer.paddingToken == tokenizer.id(of: "<|endoftext|>"))
    #expect(tokenizer.eosToken == 2)
    // <|endoftext|> (0) and <|im_end|> (2) are recognised by their text.
    #expect(tokenizer.endOfGenerationTokens == [0, 2, 5])
  }

  @Test func specialTokensOfGGUF() throws {
    let tokenizer = try Tokenizer.load(path: Fixtures.folder + "smollm.gguf", cache: nil)
    #expect(tokenizer.bosToken == tokenizer.id(of: "<|im_start|>"))
    #expect(tokenizer.eosToken == tokenizer.id(of: "<|im_end|>"))
    #expect(tokenizer.endOfGenerationTokens.contains(tokenizer.id(of: "<|im_end|>") ?? -1))
    #expect(tokenizer.isSpecial(tokenizer.id(of: "<|im_end|>") ?? -1))
    #expect(!tokenizer.isSpecial(500))
  }

  @Test func idsOutsideTheVocabularyHaveNoText() throws {
    let tokenizer = try Fixtures.tokenizer("gpt2")
    for id in [Int32.min, -1, Int32(tokenizer.vocabularyCount), Int32.max] {
      #expect(tokenizer.bytes(of: id).isEmpty)
      #expect(!tokenizer.isSpecial(id))
      #expect(tokenizer.decode([id], skipSpecial: false).isEmpty)
    }
    #expect(tokenizer.id(of: "no such token") == nil)
    #expect(tokenizer.id(of: "") == nil)
  }

  @Test func everyTokenIsFoundByItsText() throws {
    struct File: Decodable {
      struct Model: Decodable { let vocab: [String: Int32] }
      let model: Model
    }
    let tokenizer = try Fixtures.tokenizer("gemma")
    let file = try Fixtures.decode("gemma.tokenizer.json", as: File.self)
    #expect(file.model.vocab.count > 1000)
    for (name, id) in file.model.vocab { #expect(tokenizer.id(of: name) == id) }
  }
}
