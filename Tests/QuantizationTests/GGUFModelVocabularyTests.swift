import Basics
import Checkpoints
import Foundation
import Quantization
import TestSupport
import Testing
import Tokenization

/// The vocabularies of RWKV and PLaMo 2 in GGUF files: as llama.cpp's converter writes them, with the same tokenizer as the
/// model's own file.
@Suite struct GGUFModelVocabularyTests {
  /// RWKV's tokens are bytes with Python's escapes.
  @Test func tokensOfRWKVAreEscaped() throws {
    let words = [
      ("the", "'the'"), (" and", "' and'"), ("it's", "\"it's\""), ("\\n", #"'\\n'"#), ("é", "'é'"),
      ("日本", "'日本'"), ("\"'", #"'"\''"#), ("\n\n", #"'\n\n'"#),
    ]
    var lines = (0..<256).map { "\($0 + 1) b'\\x\($0 < 16 ? "0" : "")\(String($0, radix: 16))' 1\n" }
    for (index, (word, literal)) in words.enumerated() {
      lines.append("\(257 + index) \(literal) \(word.utf8.count)\n")
    }
    let (metadata, ours, original) = try written(
      "rwkv7", ["rwkv_vocab_v20230424.txt": lines.joined(), "tokenizer_config.json": "{}"])
    #expect(try metadata.string("tokenizer.ggml.model") == "rwkv")
    let tokens = try metadata.strings("tokenizer.ggml.tokens").strings()
    #expect(tokens.count == 504 && tokens[0] == "<s>")
    // As Python writes bytes.
    #expect(tokens[1] == #"\x00"# && tokens[10] == #"\t"# && tokens[40] == "'" && tokens[93] == #"\\"#)
    #expect(tokens[128] == #"\x7f"# && tokens[256] == #"\xff"#)
    #expect(
      tokens[257..<266] == [
        "the", " and", "it's", #"\\n"#, #"\xc3\xa9"#, #"\xe6\x97\xa5\xe6\x9c\xac"#, #""\'"#, #"\n\n"#,
        "[PAD265]",
      ])
    let types = try metadata.integers("tokenizer.ggml.token_type")
    #expect(types[0] == 3 && types[1..<265].allSatisfy { $0 == 1 } && types[265...].allSatisfy { $0 == 5 })
    for (key, id) in [("bos", 0), ("eos", 0), ("eot", 261)] {
      #expect(try metadata.integer("tokenizer.ggml.\(key)_token_id") == id)
    }
    for text in ["the cat and it's\n\n日本é \\n", "\"'", "", "\u{0}\u{7F}"] {
      #expect(ids(text, ours) == ids(text, original))
      #expect(ours.decode(ids(text, ours), skipSpecial: false) == text)
    }
  }

  /// PLaMo 2's tokens have scores.
  @Test func tokensOfPLaMoHaveScores() throws {
    var rows = ["unk", "bos", "eos", "pad", "op"].enumerated().map { id, name in
      "[\"<|plamo:\(name)|>\", 0.0, \"\(id == 0 ? "UNKNOWN" : id == 4 ? "NORMAL" : "CONTROL")\"]"
    }
    rows += (0..<256).map { byte in
      "[\"<0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))>\", 0.0, \"BYTE\"]"
    }
    rows += [
      "[\"a\", -2.5]", "[\"b\", -2.5, \"NORMAL\"]", "[\"ab\", -5.0]", "[\" the\", -3.25, \"NORMAL\", 1]",
    ]
    rows.append("[\"日\", -4, \"NORMAL\"]")
    let settings = """
      {"bos_token": "<|plamo:bos|>", "eos_token": {"content": "<|plamo:eos|>"}, "pad_token": "<|plamo:pad|>",
       "unk_token": "<|plamo:unk|>", "sep_token": null, "add_bos_token": true}
      """
    let (metadata, ours, original) = try written(
      "plamo2", ["tokenizer.jsonl": rows.joined(separator: "\n") + "\n", "tokenizer_config.json": settings])
    #expect(try metadata.string("tokenizer.ggml.model") == "plamo2")
    let tokens = try metadata.strings("tokenizer.ggml.tokens").strings()
    #expect(tokens.count == 267 && tokens[263] == "ab" && tokens[266] == "[PAD1]")
    #expect(try metadata.floats("tokenizer.ggml.scores").suffix(6) == [-2.5, -2.5, -5, -3.25, -4, -1000])
    let types = try metadata.integers("tokenizer.ggml.token_type")
    #expect(types[..<5] == [2, 3, 3, 3, 3] && types[5..<261].allSatisfy { $0 == 6 })
    #expect(types[261...] == [1, 1, 1, 1, 1, 5])
    for (key, id) in [("bos", 1), ("eos", 2), ("padding", 3), ("unknown", 0), ("eot", 4)] {
      #expect(try metadata.integer("tokenizer.ggml.\(key)_token_id") == id)
    }
    // Of equal sums the longest first token; a character without a token becomes its bytes, and so do special tokens
    // in a text.
    #expect(ids("ab the日c", ours) == [263, 264, 265, 104])
    let bytes = ids("é<|plamo:eos|>", ours)
    #expect(Array(bytes.prefix(3)) == [200, 174, 65])
    for text in ["ba the ab日本", "<|plamo:bos|>é", "", "\u{FEFF}a"] {
      #expect(ids(text, ours) == ids(text, original))
      #expect(
        ours.encode(text, addSpecial: true, parseSpecial: true)
          == original.encode(text, addSpecial: true, parseSpecial: true))
      #expect(Array(ours.decode(ids(text, ours), skipSpecial: false).utf8) == Array(text.utf8))
    }
    #expect(ours.encode("<|plamo:eos|>", addSpecial: true, parseSpecial: true) == [1, 2])
    #expect(ours.endOfGenerationTokens == [2, 4] && original.endOfGenerationTokens == [2, 4])
  }

  /// More tokens than the embedding has rows.
  @Test(arguments: [("rwkv7", "rwkv_vocab_v20230424.txt"), ("plamo2", "tokenizer.jsonl")])
  func tokensWithoutARowAreRefused(model: String, file: String) {
    let rows = (1...600).map { model == "rwkv7" ? "\($0) 'x\($0)' \("x\($0)".count)" : "[\"x\($0)\", -1.0]" }
    #expect(throws: QuantizationError.self) { try written(model, [file: rows.joined(separator: "\n")]) }
  }

  private func ids(_ text: String, _ tokenizer: Tokenizer) -> [Int32] {
    tokenizer.encode(text, addSpecial: false, parseSpecial: false)
  }

  /// The metadata of a small model with these files, and the tokenizers of the GGUF file and of the model.
  private func written(_ name: String, _ files: [String: String]) throws -> (
    metadata: GGUFMetadata, ours: Tokenizer, original: Tokenizer
  ) {
    let folder = try TemporaryFolder()
    let source = folder.path + "/source", output = folder.path + "/model.gguf"
    try FileManager.default.copyItem(atPath: Repository.tinyModel(name).path, toPath: source)
    for (file, text) in files { _ = try folder.write("source/" + file, text) }
    try GGUFQuantization(Checkpoint.open(source), to: GGUFTarget(name: "f16"), template: nil)
      .write(to: output, threads: 1) { _, _ in }
    return (
      try GGUFFile(output).metadata, try Tokenizer.load(path: output, cache: nil),
      try Tokenizer.load(path: source, cache: nil)
    )
  }
}
