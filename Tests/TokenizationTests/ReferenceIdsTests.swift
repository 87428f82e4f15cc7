import Testing

/// Ids compared with the `tokenizers` and `tiktoken` libraries.
@Suite struct ReferenceIdsTests {
  @Test(arguments: [
    "gpt2", "prefix-space", "smollm", "llama3", "qwen2", "deepseek3", "gemma", "llama2", "mistral",
    "metaspace",
  ])
  func tokenizerJSON(_ name: String) throws {
    let expected = try Fixtures.decode("expected-ids.json", as: Reference.self)
    try check(Fixtures.tokenizer(name), #require(expected.digests[name]))
  }

  @Test(arguments: ["smollm", "gemma"])
  func gguf(_ name: String) throws {
    let expected = try Fixtures.decode("expected-ids.json", as: Reference.self)
    let tokenizer = try Tokenizer.load(path: Fixtures.folder + "\(name).gguf", cache: nil)
    try check(tokenizer, #require(expected.digests[name]))
  }

  @Test func tiktoken() throws {
    let tokenizer = try Tokenizer(tiktoken: Fixtures.bytes("small.tiktoken"))
    try check(tokenizer, Fixtures.decode("expected-tiktoken.json"))
  }

  /// All texts of the fixtures.
  private func check(_ tokenizer: Tokenizer, _ expected: [Digest]) throws {
    try #require(expected.count == Fixtures.texts.count)
    for (text, digest) in zip(Fixtures.texts, expected) {
      #expect(Digest(tokenizer.ids(text)) == digest, "\(text.debugDescription)")
    }
  }

  @Test func decodingInvertsEncoding() throws {
    // NFC and prefixes change text; these vocabularies have neither.
    for name in ["gpt2", "llama3", "deepseek3", "gemma"] {
      let tokenizer = try Fixtures.tokenizer(name)
      for text in Fixtures.texts where !text.contains("\u{2581}") {
        let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
        #expect(Array(tokenizer.decode(ids, skipSpecial: false).utf8) == Array(text.utf8))
      }
    }
  }

  @Test func manyThreadsShareATokenizer() async throws {
    let tokenizer = try Fixtures.tokenizer("llama3")
    let expected = Fixtures.texts.map { tokenizer.ids($0) }
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask { Fixtures.texts.map { tokenizer.ids($0) } == expected }
      }
      for await isSame in group { #expect(isSame) }
    }
  }

  @Test func decodingStripsThePrefix() throws {
    let tokenizer = try Fixtures.tokenizer("llama2")
    let ids = tokenizer.encode("The fox jumps", addSpecial: false, parseSpecial: false)
    #expect(tokenizer.decode(ids, skipSpecial: true) == "The fox jumps")
  }

  @Test func templatesAddSpecialTokens() throws {
    let tokenizer = try Fixtures.tokenizer("gemma")
    let bare = tokenizer.encode("fox", addSpecial: false, parseSpecial: false)
    let bos = try #require(tokenizer.id(of: "<bos>"))
    #expect(tokenizer.encode("fox", addSpecial: true, parseSpecial: false) == [bos] + bare)
  }
}

/// expected-ids.json: digests for most vocabularies, all ids for the one with added tokens.
struct Reference: Decodable {
  var digests: [String: [Digest]] = [:]
  var added: [[Int]] = []

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for name in container.allKeys {
      if name.stringValue == "added" {
        added = try container.decode([[Int]].self, forKey: name)
      } else {
        digests[name.stringValue] = try container.decode([Digest].self, forKey: name)
      }
    }
  }

  struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
