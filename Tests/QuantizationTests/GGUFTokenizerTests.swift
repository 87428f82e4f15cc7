import Basics
import Checkpoints
import Foundation
import Quantization
import TestSupport
import Testing

/// The metadata of tokenizers in GGUF files. The expected values are those of llama.cpp's converter, with which
/// Tests/Scripts/check_gguf_families.py compares more of them.
@Suite struct GGUFTokenizerTests {
  private static let added = ["<a>", "<b>", "<c>"]

  /// Gemma 4's special tokens are those that transformers finds in tokenizer_config.json.
  @Test(
    arguments: [
      ([:], []),
      (["mask_token": "<b>"], ["<b>"]),
      (["extra_special_tokens": ["<a>"]], ["<a>"]),
      (["additional_special_tokens": ["<a>"], "extra_special_tokens": ["<b>"]], ["<b>"]),
      (["additional_special_tokens": ["<a>"], "extra_special_tokens": []], ["<a>"]),
      (["image_token": "<a>", "extra_special_tokens": ["audio_token": "<b>"]], ["<a>", "<b>"]),
      (["mask_token": "<a>", "model_specific_special_tokens": ["c_token": "<c>"]], ["<a>", "<c>"]),
      (["image_token": "<a>", "model_specific_special_tokens": ["c_token": "<c>"]], ["<a>"]),
    ] as [(JSON, [String])])
  func tokensOfGemma4AreForControl(settings: JSON, expected: [String]) throws {
    let metadata = try metadata("gemma4-text", settings)
    let types = try metadata.integers("tokenizer.ggml.token_type").suffix(Self.added.count)
    #expect(zip(Self.added, types).filter { $0.1 == 3 }.map(\.0) == expected)
    #expect(try metadata.bool("tokenizer.ggml.add_bos_token"))
  }

  /// Phi-2's converter adds no token unless the settings say so.
  @Test(arguments: [([:], false), (["add_bos_token": true], true)] as [(JSON, Bool)])
  func phiAddsATokenIfItIsSet(settings: JSON, expected: Bool) throws {
    #expect(try metadata("phi", settings).bool("tokenizer.ggml.add_bos_token") == expected)
  }

  /// Tokens that only tokenizer_config.json lists. It also decides which tokens are for control.
  @Test func tokensOfTheSettingsAreAdded() throws {
    let count = try Checkpoint.open(Repository.tinyModel("phi").path).configuration?["vocab_size"]?.asInteger
    let first = try #require(count) - Self.added.count
    var listed = JSONObject()
    listed["\(first)"] = ["content": "<a>", "special": false]
    listed["\(first + 1)"] = ["content": "<tool>", "special": false]
    listed["\(first + 2)"] = ["content": "<end>", "special": true]
    // Beyond the embedding.
    listed["\(first + 3)"] = ["content": "<more>", "special": true]
    listed["7"] = ["content": "t7", "special": true]
    let settings: JSON = ["added_tokens_decoder": .object(listed), "bos_token": "t5"]
    let metadata = try metadata("phi", settings, added: ["<a>"])
    #expect(try metadata.strings("tokenizer.ggml.tokens").strings().suffix(3) == ["<a>", "<tool>", "<end>"])
    let types = try metadata.integers("tokenizer.ggml.token_type")
    #expect(types.suffix(3) == [4, 4, 3] && types[4..<8] == [1, 3, 1, 3])
  }

  /// The metadata of a small model whose last tokens are `added`, or these and rows without a token.
  /// - Parameter settings: tokenizer_config.json.
  private func metadata(
    _ name: String, _ settings: JSON, added names: [String] = Self.added
  ) throws -> GGUFMetadata {
    let folder = try TemporaryFolder()
    let source = folder.path + "/source"
    try FileManager.default.copyItem(atPath: Repository.tinyModel(name).path, toPath: source)
    let count = try #require(Checkpoint.open(source).configuration?["vocab_size"]?.asInteger)
    let first = count - Self.added.count
    let vocabulary = (0..<first).map { "\"t\($0)\": \($0)" }.joined(separator: ", ")
    let added = names.enumerated().map {
      "{\"id\": \(first + $0.offset), \"content\": \"\($0.element)\", \"special\": true}"
    }
    let json = """
      {"added_tokens": [\(added.joined(separator: ", "))],
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
       "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": []}}
      """
    try folder.write("source/tokenizer.json", json)
    try folder.write("source/tokenizer_config.json", settings.text())
    let output = folder.path + "/model.gguf"
    try GGUFQuantization(Checkpoint.open(source), to: GGUFTarget(name: "f16"), template: nil)
      .write(to: output, threads: 1) { _, _ in }
    return try GGUFFile(output).metadata
  }
}
