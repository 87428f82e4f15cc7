import TestSupport
import Testing
import Tokenization

/// Control tokens are recognised by their text, whatever type a file gives them.
@Suite struct ControlTokenTests {
  @Test(arguments: [
    "<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "<|start_header_id|>",
    "<end_of_turn>", "<start_of_turn>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<|END_OF_TURN_TOKEN|>", "_<EOT>",
  ])
  func controlTokens(_ text: String) {
    #expect(ControlTokens.contains(text.utf8, isAdded: false))
    #expect(ControlTokens.contains(text.utf8, isAdded: true))
  }

  @Test(arguments: ["</s>", "<s>", "<eos>", "[INST]"])
  func markupIsAControlTokenOnlyIfAdded(_ text: String) {
    #expect(!ControlTokens.contains(text.utf8, isAdded: false))
    #expect(ControlTokens.contains(text.utf8, isAdded: true))
  }

  @Test(arguments: [
    "<think>", "</think>", "<|START_THINKING|>", "<tool_call>", "<h1>", "\n", "  ", "<|>", "<||>", "<| a |>",
    "word",
    "<|inner_prefix|>", "", "<",
  ])
  func textIsNotAControlToken(_ text: String) {
    #expect(!ControlTokens.contains(text.utf8, isAdded: true))
  }

  /// tokenizer.json marks the end of a turn as an ordinary added token.
  @Test func anAddedTokenIsPromoted() throws {
    let json = #"""
      {"added_tokens": [{"id": 2, "content": "<|im_end|>", "special": false}, {"id": 3, "content": "<think>"}],
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
       "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
      """#
    let tokenizer = try Tokenizer(json: Array(json.utf8))
    #expect(tokenizer.isSpecial(2) && !tokenizer.isSpecial(3))
    #expect(tokenizer.endOfGenerationTokens == [2])
    #expect(!tokenizer.encode("a<|im_end|>b", addSpecial: false, parseSpecial: false).contains(2))
    #expect(tokenizer.encode("a<think>b", addSpecial: false, parseSpecial: false) == [0, 3, 1])
    // The chat template ends turns with another added token.
    let ended = tokenizer.endingGeneration(at: [3, 0, -1, 99])
    #expect(ended.endOfGenerationTokens == [2, 3] && ended.isSpecial(3) && !ended.isSpecial(0))
    #expect(ended.encode("a<think>b", addSpecial: false, parseSpecial: false) == [0, 1])
  }

  /// Control tokens around the reasoning are not skipped, or the reasoning would show as the answer.
  @Test func tagsOfReasoningAreShown() throws {
    let json = #"""
      {"added_tokens": [{"id": 2, "content": "[THINK]", "special": true}, {"id": 3, "content": "[/THINK]", "special": true},
        {"id": 4, "content": "</s>", "special": true}],
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
       "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
      """#
    let tokenizer = try Tokenizer(json: Array(json.utf8))
    #expect(tokenizer.decode([2, 0, 3, 1, 4], skipSpecial: true) == "ab")
    let shown = tokenizer.showing(["[THINK]", "[/THINK]", "a", "nothing"])
    #expect(shown.decode([2, 0, 3, 1, 4], skipSpecial: true) == "[THINK]a[/THINK]b")
    var decoder = StreamingDecoder(shown.endingGeneration(at: [2]), skipSpecial: true)
    #expect([2, 0, 3, 1, 4].map { decoder.feed($0) }.joined() == "[THINK]a[/THINK]b")
    // In a user's text they stay text.
    #expect(
      shown.isSpecial(2) && !shown.encode("[THINK]", addSpecial: false, parseSpecial: false).contains(2))
  }
}

/// GGUF files whose control tokens have other types.
@Suite struct ControlTokenTypeTests {
  private static let controls = [
    "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>",
  ]

  private func tokenizer(_ model: String, type: Int32, eos: Int32 = 0) throws -> Tokenizer {
    let characters =
      ["<s>", "</s>"] + (0x21...0x7E).map { String(UnicodeScalar(UInt8($0))) } + ["Ġ", "Ċ", "▁"]
    let tokens = characters + Self.controls + ["<think>"]
    let types = characters.indices.map { Int32($0 < 2 ? type : 1) } + Self.controls.map { _ in type } + [4]
    var metadata: [(String, GGUFBytes.Value)] = [
      ("general.architecture", .string("llama")), ("tokenizer.ggml.model", .string(model)),
      ("tokenizer.ggml.tokens", .strings(tokens)), ("tokenizer.ggml.token_type", .integers(types)),
      ("tokenizer.ggml.bos_token_id", .integer(0)), ("tokenizer.ggml.eos_token_id", .integer(1)),
    ]
    if model == "gpt2" {
      metadata += [
        ("tokenizer.ggml.pre", .string("gpt-2")),
        ("tokenizer.ggml.merges", .strings(["< |", "i m", "| >", "e n", "en d"])),
      ]
    } else {
      metadata.append(("tokenizer.ggml.scores", .floats(tokens.map { _ in 0 })))
    }
    let folder = try TemporaryFolder()
    return try Tokenizer.load(path: folder.write("model.gguf", GGUFBytes(metadata).bytes), cache: nil)
  }

  /// Types 1 (normal), 3 (control) and 4 (user-defined).
  @Test(arguments: ["gpt2", "llama"], [1, 3, 4] as [Int32])
  func typesDoNotMatter(_ model: String, _ type: Int32) throws {
    let tokenizer = try tokenizer(model, type: type)
    for text in Self.controls + ["<s>", "</s>"] {
      let id = try #require(tokenizer.id(of: text))
      #expect(tokenizer.isSpecial(id), "\(text)")
      #expect(tokenizer.encode(text, addSpecial: false, parseSpecial: true).last == id)
      let plain = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
      #expect(!plain.contains { tokenizer.isSpecial($0) }, "\(text): \(plain)")
      #expect(tokenizer.decode([id], skipSpecial: true).isEmpty)
      if text != "<|im_start|>", text != "<s>" {
        #expect(tokenizer.endOfGenerationTokens.contains(id), "\(text)")
      }
    }
    let thought = try #require(tokenizer.id(of: "<think>"))
    #expect(!tokenizer.isSpecial(thought))
  }
}
