import Basics
import Compute
import Models
import Testing

/// Keys of state-space models and hybrids that change the mathematics and are not supported are refused by name.
struct HybridConfigurationTests {
  static let refused = [
    ConfigurationCase(
      fixture: "granite-hybrid", key: "position_embedding_type", value: #""learned_absolute""#),
    ConfigurationCase(fixture: "granite-hybrid", key: "normalization_function", value: #""layernorm""#),
    ConfigurationCase(fixture: "granite-hybrid", key: "layer_types", value: #"["mamba"]"#),
    ConfigurationCase(fixture: "granite-hybrid", key: "hidden_act", value: #""gelu""#),
    ConfigurationCase(fixture: "granite-hybrid", key: "mamba_n_groups", value: "3"),
    ConfigurationCase(fixture: "granite-hybrid", key: "mamba_d_head", value: "5"),
    ConfigurationCase(fixture: "falcon-h1", key: "mamba_use_mlp", value: "false"),
    ConfigurationCase(fixture: "falcon-h1", key: "attn_layer_indices", value: "[0]"),
    ConfigurationCase(fixture: "falcon-h1", key: "ssm_multipliers", value: "[1, 2]"),
    ConfigurationCase(fixture: "lfm2", key: "block_use_swiglu", value: "false"),
    ConfigurationCase(fixture: "lfm2", key: "use_pos_enc", value: "false"),
    ConfigurationCase(fixture: "lfm2", key: "conv_dim", value: "8"),
    ConfigurationCase(fixture: "lfm2", key: "layer_types", value: #"["sliding_attention"]"#),
    ConfigurationCase(fixture: "nemotron-h", key: "hybrid_override_pattern", value: #""MX*""#),
    ConfigurationCase(fixture: "nemotron-h", key: "moe_latent_size", value: "16"),
    ConfigurationCase(fixture: "nemotron-h", key: "sliding_window", value: "16"),
    ConfigurationCase(fixture: "nemotron-h", key: "mlp_hidden_act", value: #""swiglu""#),
    ConfigurationCase(fixture: "mamba", key: "hidden_act", value: #""relu""#),
    ConfigurationCase(fixture: "mamba", key: "state_size", value: "257"),
    ConfigurationCase(fixture: "jamba", key: "num_experts_per_tok", value: "5"),
    ConfigurationCase(fixture: "olmo-hybrid", key: "layer_types", value: #"["full_attention"]"#),
    ConfigurationCase(fixture: "olmo-hybrid", key: "linear_use_gate", value: "false"),
    ConfigurationCase(fixture: "olmo-hybrid", key: "hidden_act", value: #""gelu""#),
    ConfigurationCase(fixture: "recurrent-gemma", key: "_block_types", value: #"["dense"]"#),
    ConfigurationCase(fixture: "recurrent-gemma", key: "lru_width", value: "63"),
    ConfigurationCase(fixture: "plamo2", key: "mamba_step", value: "1"),
    ConfigurationCase(fixture: "kimi-linear", key: "hidden_act", value: #""gelu""#),
    ConfigurationCase(fixture: "bailing-v3", key: "hidden_act", value: #""relu""#),
    ConfigurationCase(fixture: "qwen3-next-bf16", key: "hidden_act", value: #""gelu""#),
    ConfigurationCase(fixture: "qwen3-next-bf16", key: "partial_rotary_factor", value: "0.85"),
  ]

  @Test(arguments: refused) func unsupportedKeysAreRefusedByName(_ test: ConfigurationCase) throws {
    let error = #expect(throws: ModelError.self) {
      try TinyModel(name: test.fixture).model { $0[test.key] = try JSON(parsing: test.value) }
    }
    let message = "\(try #require(error))"
    #expect(message.contains(test.key) || message.contains("activation"), "\(message)")
  }

  /// A head size of "auto" is computed.
  @Test func automaticHeadSize() throws {
    _ = try TinyModel(name: "granite-hybrid").model { $0["mamba_d_head"] = "auto" }
  }
}
