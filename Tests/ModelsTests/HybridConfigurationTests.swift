import Basics
import Compute
import Models
import Testing

/// Keys of state-space models and hybrids that change the mathematics and are not supported are refused by name.
struct HybridConfigurationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let fixture: String, key: String, value: String
    var testDescription: String { "\(fixture): \(key) = \(value)" }
  }
  private struct NotAnObject: Error {}
  static let refused = [
    Case(fixture: "granite-hybrid", key: "position_embedding_type", value: #""learned_absolute""#),
    Case(fixture: "granite-hybrid", key: "normalization_function", value: #""layernorm""#),
    Case(fixture: "granite-hybrid", key: "layer_types", value: #"["mamba"]"#),
    Case(fixture: "granite-hybrid", key: "hidden_act", value: #""gelu""#),
    Case(fixture: "granite-hybrid", key: "mamba_n_groups", value: "3"),
    Case(fixture: "granite-hybrid", key: "mamba_d_head", value: "5"),
    Case(fixture: "falcon-h1", key: "mamba_use_mlp", value: "false"),
    Case(fixture: "falcon-h1", key: "attn_layer_indices", value: "[0]"),
    Case(fixture: "falcon-h1", key: "ssm_multipliers", value: "[1, 2]"),
    Case(fixture: "lfm2", key: "block_use_swiglu", value: "false"),
    Case(fixture: "lfm2", key: "use_pos_enc", value: "false"),
    Case(fixture: "lfm2", key: "conv_dim", value: "8"),
    Case(fixture: "lfm2", key: "layer_types", value: #"["sliding_attention"]"#),
    Case(fixture: "nemotron-h", key: "hybrid_override_pattern", value: #""MX*""#),
    Case(fixture: "nemotron-h", key: "moe_latent_size", value: "16"),
    Case(fixture: "nemotron-h", key: "sliding_window", value: "16"),
    Case(fixture: "nemotron-h", key: "mlp_hidden_act", value: #""swiglu""#),
    Case(fixture: "mamba", key: "hidden_act", value: #""relu""#),
    Case(fixture: "mamba", key: "state_size", value: "257"),
    Case(fixture: "jamba", key: "num_experts_per_tok", value: "5"),
    Case(fixture: "olmo-hybrid", key: "layer_types", value: #"["full_attention"]"#),
    Case(fixture: "olmo-hybrid", key: "linear_use_gate", value: "false"),
    Case(fixture: "olmo-hybrid", key: "hidden_act", value: #""gelu""#),
    Case(fixture: "recurrent-gemma", key: "_block_types", value: #"["dense"]"#),
    Case(fixture: "recurrent-gemma", key: "lru_width", value: "63"),
    Case(fixture: "plamo2", key: "mamba_step", value: "1"),
    Case(fixture: "kimi-linear", key: "hidden_act", value: #""gelu""#),
    Case(fixture: "bailing-v3", key: "hidden_act", value: #""relu""#),
    Case(fixture: "qwen3-next-bf16", key: "hidden_act", value: #""gelu""#),
    Case(fixture: "qwen3-next-bf16", key: "partial_rotary_factor", value: "0.85"),
  ]

  @Test(arguments: refused) func unsupportedKeysAreRefusedByName(_ test: Case) throws {
    let error = #expect(throws: ModelError.self) {
      try model(test.fixture, [test.key: JSON(parsing: test.value)])
    }
    let message = "\(try #require(error))"
    #expect(message.contains(test.key) || message.contains("activation"), "\(message)")
  }

  /// A head size of "auto" is computed.
  @Test func automaticHeadSize() throws {
    _ = try model("granite-hybrid", ["mamba_d_head": "auto"])
  }

  private func model(_ fixture: String, _ changes: [String: JSON]) throws -> any LanguageModel {
    let checkpoint = try TinyModel(name: fixture).checkpoint()
    guard case .object(var members) = try #require(checkpoint.configuration) else { throw NotAnObject() }
    for (key, value) in changes { members[key] = value }
    return try Registry.model(
      .object(members), checkpoint, backend: CPUBackend(precision: .exact, threads: 1))
  }
}
