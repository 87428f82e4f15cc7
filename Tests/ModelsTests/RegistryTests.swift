import Basics
import Compute
import Models
import Testing

/// Invalid configurations throw an error that names the key.
struct RegistryTests {
  /// A source without tensors.
  private struct NoWeights: WeightSource {
    struct Missing: Error {}
    func contains(_ name: String) -> Bool { false }
    func storedWeight(_ name: String, shape: [Int]) throws -> Weight { throw Missing() }
  }

  @Test(arguments: [
    ("{}", "model_type"),
    (#"{"model_type": "eliza"}"#, "eliza"),
    (#"{"model_type": "llama"}"#, "hidden_size"),
    (#"{"model_type": "mamba2", "num_heads": 6, "n_groups": 4}"#, "n_groups"),
    (#"{"model_type": "mamba2", "num_heads": 6}"#, "hidden_size"),
    (
      #"{"model_type": "mamba2", "num_heads": 6, "hidden_size": 9, "head_dim": 1, "state_size": 1, "time_step_limit": [2, 1]}"#,
      "time_step_limit"
    ),
    (#"{"model_type": "llama", "hidden_size": "wide"}"#, "hidden_size"),
    (#"{"model_type": "llama", "hidden_size": -8}"#, "hidden_size"),
    (#"{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 99999999}"#, "num_hidden_layers"),
    (
      #"{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 0}"#,
      "num_attention_heads"
    ),
    (
      #"{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 3}"#,
      "num_key_value_heads"
    ),
    (
      #"{"model_type": "llama", "hidden_size": 60, "num_hidden_layers": 1, "num_attention_heads": 4}"#,
      "head_dim"
    ),
    (
      #"{"model_type": "cohere2", "num_hidden_layers": 1, "use_parallel_block": false}"#, "use_parallel_block"
    ),
    (#"{"model_type": "cohere2", "rotary_pct": 0.5}"#, "rotary_pct"),
    (#"{"model_type": "cohere2", "position_embedding_type": "alibi"}"#, "position_embedding_type"),
    (#"{"model_type": "olmoe", "clip_qkv": 8.0}"#, "clip_qkv"),
    (#"{"model_type": "bailing_moe", "norm_head": true}"#, "norm_head"),
    (#"{"model_type": "mixtral", "num_hidden_layers": 1}"#, "num_local_experts"),
    (#"{"model_type": "apertus", "post_norm": true}"#, "post_norm"),
    (#"{"model_type": "apertus", "hidden_act": "silu"}"#, "silu"),
    (#"{"model_type": "apertus"}"#, "rope_scaling"),
    (#"{"model_type": "gpt2", "scale_attn_weights": false}"#, "scale_attn_weights"),
    (
      #"{"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": true}"#, "scale_attn_by_inverse_layer_idx"
    ),
    (#"{"model_type": "gemma4_text", "use_bidirectional_attention": "all"}"#, "use_bidirectional_attention"),
    (#"{"model_type": "hunyuan_v1_dense", "use_cla": true}"#, "use_cla"),
    (#"{"model_type": "phi", "qk_layernorm": true}"#, "qk_layernorm"),
    (#"{"model_type": "starcoder2", "norm_type": "rms_norm"}"#, "norm_type"),
    (#"{"model_type": "starcoder2", "mlp_type": "gated"}"#, "mlp_type"),
    (#"{"model_type": "llama4_text", "num_hidden_layers": 2, "moe_layers": [1]}"#, "moe_layers"),
    (#"{"model_type": "llama4_text", "num_hidden_layers": 2}"#, "moe_layers"),
    (#"{"text_config": {"model_type": "qwen3_5_text", "attn_output_gate": false}}"#, "attn_output_gate"),
    (
      #"{"model_type": "exaone4", "num_hidden_layers": 2, "sliding_window": 4, "sliding_window_pattern": "LX"}"#,
      "sliding_window_pattern"
    ),
    (
      #"{"model_type": "granite_swa", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 9}"#,
      "layer_types"
    ),
    (#"{"model_type": "deepseek_v2", "norm_topk_prob": true}"#, "norm_topk_prob"),
    (#"{"model_type": "glm4_moe_lite", "partial_rotary_factor": 0.5}"#, "partial_rotary_factor"),
    (#"{"model_type": "minimax_m2", "use_qk_norm": false}"#, "use_qk_norm"),
    (#"{"model_type": "minimax_m2", "qk_norm_type": "per_head"}"#, "qk_norm_type"),
    (#"{"model_type": "minimax_m2", "attn_type_list": [1, 0]}"#, "attn_type_list"),
    (#"{"model_type": "minimax_m2", "shared_intermediate_size": 64}"#, "shared_intermediate_size"),
    (#"{"model_type": "ernie4_5_moe", "moe_gate": "hash"}"#, "moe_gate"),
    (#"{"model_type": "kimi_linear", "mla_use_nope": false}"#, "mla_use_nope"),
    (#"{"model_type": "kimi_linear", "use_grouped_topk": false}"#, "use_grouped_topk"),
    (#"{"model_type": "bailing_hybrid", "norm_head": true}"#, "norm_head"),
    (#"{"model_type": "bailing_hybrid", "linear_silu": true}"#, "linear_silu"),
    (
      #"{"model_type": "granitemoe", "num_local_experts": 4, "num_experts_per_tok": 5}"#,
      "num_experts_per_tok"
    ),
  ])
  func errorsNameTheKey(_ text: String, _ key: String) throws {
    let backend = CPUBackend(precision: .exact, threads: 1)
    let error = #expect(throws: ModelError.self) {
      try Registry.model(JSON(parsing: text), NoWeights(), backend: backend)
    }
    #expect(error?.description.contains(key) == true)
  }

  /// Checkpoints with layers for multi-token prediction have them behind those that the configuration counts.
  @Test(arguments: ["deepseek-v3", "glm4-moe-mlx-affine4-64"])
  func layersAfterTheLastAreIgnored(_ name: String) throws {
    let checkpoint = try TinyModel(name: name).checkpoint()
    guard case .object(var members)? = checkpoint.configuration else { throw ModelError.missingKey("{}") }
    members["num_hidden_layers"] = 1
    members["num_nextn_predict_layers"] = 1
    let backend = CPUBackend(precision: .exact, threads: 1)
    let model = try Registry.model(.object(members), checkpoint, backend: backend)
    #expect(model.facts.layerCount == 1 && model.makeCaches().count == 1)
  }

  /// OpenAI's name of the number of experts, which the public checkpoints have beside the one that is read.
  @Test(arguments: ["gpt-oss-mlx", "gpt-oss-openai"])
  func expertsPerTokenIsNotObeyedAlone(_ name: String) throws {
    let tiny = TinyModel(name: name)
    _ = try tiny.model { $0["experts_per_token"] = 3 }
    _ = try tiny.model { $0["experts_per_token"] = nil }
    let error = #expect(throws: ModelError.self) { try tiny.model { $0["num_experts_per_tok"] = nil } }
    #expect(error?.description.contains("'experts_per_token'") == true)
  }

  /// Names come from files: their control characters are visible, and the message has no value of Swift's.
  @Test(arguments: ["a\u{1b}[31mb", "a\nb", "a\0b", "a\u{202e}b"])
  func messagesShowControlCharacters(_ name: String) {
    let message = ModelError.unknownArchitecture(name, known: ["llama", "qwen3"]).description
    #expect(message.hasSuffix("supported are llama, qwen3") && message.contains("a\\u{"))
    #expect(
      message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.properties.generalCategory != .format })
  }

  @Test(arguments: [
    (WeightFormat.q4_K, "Q4_K"), (.affine(bits: 3, groupSize: 64, scale: .float16), "3-bit groups of 64"),
  ])
  func formatsHaveNames(_ format: WeightFormat, _ name: String) {
    #expect("\(CPUMatrixError.unsupported(format))".contains("stored as \(name) "))
  }

  @Test(arguments: [
    ("gpt-oss-gguf", ConversationFormat.harmony), ("gpt-oss-openai", .harmony), ("gguf-gemma3", .template),
    ("llama-plain", .template),
  ])
  func conversationFormatFollowsTheArchitecture(_ name: String, _ format: ConversationFormat) throws {
    #expect(try Registry.conversationFormat(of: TinyModel(name: name).checkpoint()) == format)
  }

  @Test(arguments: [
    ("smollm2-135m", 49152), ("mobilellm-125m", 32000), ("mamba2-2.7b", 50288), ("qwen3-30b-a3b", 151_936),
    ("ling-mini-2.0", 157_184),
  ])
  func syntheticShapesRun(_ name: String, vocabulary: Int) throws {
    for precision in Precision.allCases {
      let backend = CPUBackend(precision: precision, threads: 2)
      let model = try SyntheticShape.named(name, layers: 1).model(backend: backend)
      let sequence = SequenceState(caches: model.makeCaches())
      let logits = backend.values(try model.forward(ForwardInput(tokens: [1, 2, 3], sequence: sequence)))
      #expect(logits.count == vocabulary)
      #expect(logits.allSatisfy { $0.isFinite })
    }
  }

  @Test func positionsWithoutAnEmbeddingThrow() throws {
    let (model, _) = try TinyModel(name: "gpt2").load(.exact)
    let length = model.facts.contextLength
    let sequence = SequenceState(caches: model.makeCaches())
    let tokens = [Int32](repeating: 1, count: length + 1)
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<length]), sequence: sequence))
    #expect(throws: ModelError.self) {
      try model.forward(ForwardInput(tokens: [1], sequence: sequence))
    }
  }

  @Test func unknownSyntheticShapesThrow() {
    #expect(throws: ModelError.self) { try SyntheticShape.named("gpt-9", layers: nil) }
  }
}
