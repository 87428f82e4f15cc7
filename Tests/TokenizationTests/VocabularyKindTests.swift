import Foundation
import TestSupport
import Testing

/// Vocabularies in other files than tokenizer.json, compared with the libraries that made them
/// (Tests/Scripts/make_vocabulary_fixtures.py).
@Suite struct VocabularyKindTests {
  /// A model's folder with a vocabulary as its only other file.
  private func tokenizer(_ fixture: String, as name: String, _ more: [String: String] = [:]) throws
    -> Tokenizer
  {
    let folder = try TemporaryFolder()
    try folder.write("config.json", #"{"model_type": "llama", "eos_token_id": 2}"#)
    try folder.write(name, Fixtures.bytes(fixture))
    for (name, text) in more { try folder.write(name, text) }
    return try Tokenizer.load(path: folder.path, cache: nil)
  }

  private static let kinds = [
    ("unigram", "unigram.model", "tokenizer.model"), ("pairs", "pairs.model", "tokenizer.model"),
    ("pairs-unknown", "pairs-unknown.model", "tokenizer.model"),
    ("unigram-json", "unigram.tokenizer.json", "tokenizer.json"),
    ("tekken", "small.tekken.json", "tekken.json"),
    ("rwkv", "small.rwkv.txt", "rwkv_vocab_v20230424.txt"),
    ("plamo", "small.plamo.jsonl", "tokenizer.jsonl"),
  ]

  @Test(arguments: kinds)
  func idsEqualTheReference(_ name: String, _ fixture: String, _ file: String) throws {
    let expected = try #require(
      Fixtures.decode("expected-vocabularies.json", as: [String: [Digest]].self)[name])
    let tokenizer = try tokenizer(fixture, as: file)
    try #require(expected.count == Fixtures.texts.count)
    for (text, digest) in zip(Fixtures.texts, expected) where !Self.isChanged(text, by: name) {
      #expect(Digest(tokenizer.ids(text, parseSpecial: false)) == digest, "\(text.debugDescription)")
    }
  }

  /// Vocabularies with a map of characters, on strings of its keys, combining marks and spaces. SentencePiece replaces the
  /// longest keys, the `tokenizers` library looks up graphemes.
  @Test(arguments: [
    ("mapped", "mapped.model", "tokenizer.model"), ("mapped-json", "mapped.tokenizer.json", "tokenizer.json"),
  ])
  func charactersAreMapped(_ name: String, _ fixture: String, _ file: String) throws {
    let expected = try #require(
      Fixtures.decode("expected-vocabularies.json", as: [String: [Digest]].self)[name])
    let texts = try Fixtures.decode("map-texts.json", as: [String].self)
    let tokenizer = try tokenizer(fixture, as: file)
    try #require(expected.count == texts.count)
    for (text, digest) in zip(texts, expected) {
      #expect(Digest(tokenizer.ids(text, parseSpecial: false)) == digest, "\(text.debugDescription)")
    }
  }

  /// The sums of scores of long runs have the rounding of SentencePiece.
  @Test func runsEqualTheReference() throws {
    let expected = try #require(
      Fixtures.decode("expected-vocabularies.json", as: [String: [Digest]].self)["runs"])
    let texts = try Fixtures.decode("run-texts.json", as: [String].self)
    let tokenizer = try tokenizer("runs.model", as: "tokenizer.model")
    try #require(expected.count == texts.count)
    for (text, digest) in zip(texts, expected) {
      #expect(Digest(tokenizer.ids(text, parseSpecial: false)) == digest, "\(text.debugDescription)")
    }
  }

  /// SentencePiece ends a text at NUL, and drops the empty text's space.
  private static func isChanged(_ text: String, by name: String) -> Bool {
    (name == "unigram" || name.hasPrefix("pairs")) && (text.contains("\0") || text.isEmpty)
  }

  @Test(arguments: ["tekken", "rwkv", "plamo"])
  func decodingInvertsEncoding(_ name: String) throws {
    let (_, fixture, file) = try #require(Self.kinds.first { $0.0 == name })
    let tokenizer = try tokenizer(fixture, as: file)
    for text in Fixtures.texts {
      let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
      #expect(Array(tokenizer.decode(ids, skipSpecial: false).utf8) == Array(text.utf8))
    }
  }

  @Test func specialTokensAreKnown() throws {
    let settings = [
      "tokenizer_config.json": """
      {"add_bos_token": true, "added_tokens_decoder": {"650": {"content": "<|im_end|>", "special": true},
       "651": {"content": "<think>", "special": false}}}
      """
    ]
    let pairs = try tokenizer("pairs.model", as: "tokenizer.model", settings)
    #expect(pairs.bosToken == 1 && pairs.eosToken == 2 && pairs.vocabularyCount == 652)
    #expect(pairs.endOfGenerationTokens == [2, 650])
    #expect(pairs.encode("a<think>", addSpecial: true, parseSpecial: true).first == 1)
    #expect(pairs.encode("a<think>", addSpecial: true, parseSpecial: true).last == 651)
    let tekken = try tokenizer("small.tekken.json", as: "tekken.json")
    #expect(tekken.bosToken == 1 && tekken.eosToken == 2 && tekken.id(of: "[INST]") == 3)
    #expect(tekken.encode("[INST]", addSpecial: true, parseSpecial: true) == [1, 3])
    let rwkv = try tokenizer("small.rwkv.txt", as: "rwkv_vocab_v20230424.txt")
    #expect(rwkv.endOfGenerationTokens == [0] && rwkv.isSpecial(0))
  }

  /// A compiled vocabulary without merges is the same from the cache.
  @Test func theCacheKeepsTriesAndScores() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", #"{"model_type": "llama"}"#)
    try folder.write("tokenizer.model", Fixtures.bytes("unigram.model"))
    let cache = VocabularyCache(folder: folder.path + "/cache")
    let first = try Tokenizer.load(path: folder.path, cache: cache)
    let second = try Tokenizer.load(path: folder.path, cache: cache)
    for text in Fixtures.texts { #expect(first.ids(text) == second.ids(text)) }
  }

  /// Damaged files are errors, wherever they end.
  @Test(arguments: kinds)
  func damagedFilesAreRejected(_ name: String, _ fixture: String, _ file: String) throws {
    let bytes = try Fixtures.bytes(fixture)
    let folder = try TemporaryFolder()
    try folder.write("config.json", #"{"model_type": "llama"}"#)
    for length in [1, 3, bytes.count / 3, bytes.count - 2] {
      try folder.write(file, Array(bytes[..<length]))
      _ = try? Tokenizer.load(path: folder.path, cache: nil)
    }
    var source = SystemRandomNumberGenerator()
    for _ in 0..<40 {
      var changed = bytes
      for _ in 0..<5 {
        changed[Int.random(in: 0..<bytes.count, using: &source)] = .random(in: 0...255, using: &source)
      }
      try folder.write(file, changed)
      // No crash; a flipped score or letter is no error.
      if let tokenizer = try? Tokenizer.load(path: folder.path, cache: nil) { _ = tokenizer.ids("a text 日本") }
    }
    try folder.write(file, [0x0A, 0xFF])
    #expect(throws: TokenizerError.self) { try Tokenizer.load(path: folder.path, cache: nil) }
  }
}
