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
      #"{"model_type": "cohere", "num_hidden_layers": 1, "use_qk_norm": true}"#, "use_qk_norm"
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

  @Test(arguments: [
    ("gpt-oss-gguf", ConversationFormat.harmony), ("gpt-oss-openai", .harmony), ("gguf-gemma3", .template),
    ("llama-plain", .template),
  ])
  func conversationFormatFollowsTheArchitecture(_ name: String, _ format: ConversationFormat) throws {
    #expect(try Registry.conversationFormat(of: TinyModel(name: name).checkpoint()) == format)
  }

  @Test(arguments: [("smollm2-135m", 49152), ("mobilellm-125m", 32000), ("mamba2-2.7b", 50288)])
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

  @Test func unknownSyntheticShapesThrow() {
    #expect(throws: ModelError.self) { try SyntheticShape.named("gpt-9", layers: nil) }
  }
}
