import Basics
import Compute
import Models
import Testing

/// Keys whose absence would change the mathematics have the default of transformers' class, or the file is refused with
/// the key's name; so are keys that ask for what no causal model does.
struct AmbiguousConfigurationTests {
  static let defaults = [
    ConfigurationCase(fixture: "lfm2", key: "rope_theta", value: "1000000"),
    ConfigurationCase(fixture: "mixtral-bf16", key: "rope_theta", value: "1000000"),
    ConfigurationCase(fixture: "helium", key: "rope_theta", value: "100000"),
    ConfigurationCase(fixture: "bailing-v3", key: "rope_theta", value: "6000000"),
    ConfigurationCase(fixture: "glm4-moe-lite", key: "routed_scaling_factor", value: "1.8"),
    ConfigurationCase(fixture: "gemma3-plain", key: "query_pre_attn_scalar", value: "256"),
  ]

  /// The values are those of the configuration classes of transformers 5.23; the fixtures have other ones.
  @Test(arguments: defaults) func missingKeysHaveTheDefaultOfTheClass(_ test: ConfigurationCase) throws {
    let missing = try logits(test.fixture) { $0[test.key] = nil }
    let stated = try logits(test.fixture) { $0[test.key] = try JSON(parsing: test.value) }
    #expect(missing == stated)
    #expect(try missing != logits(test.fixture) { _ in })
  }

  static let refused = [
    ConfigurationCase(fixture: "llama-plain", key: "is_causal", value: "false"),
    ConfigurationCase(fixture: "gemma3-plain", key: "use_bidirectional_attention", value: "true"),
    ConfigurationCase(
      fixture: "llama-plain", key: "layer_types", value: #"["sliding_attention", "sliding_attention"]"#),
    ConfigurationCase(fixture: "deepseek-v3", key: "n_shared_experts"),
    ConfigurationCase(fixture: "mistral4", key: "topk_group"),
    ConfigurationCase(fixture: "granite-moe-shared-bf16", key: "shared_intermediate_size"),
    ConfigurationCase(
      fixture: "llama-rope-llama3", key: "rope_scaling",
      value: #"{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}"#),
  ]

  @Test(arguments: refused) func ambiguousKeysAreRefusedByName(_ test: ConfigurationCase) throws {
    let error = #expect(throws: ModelError.self) {
      try logits(test.fixture) { $0[test.key] = try JSON(parsing: test.value) }
    }
    let message = "\(try #require(error))"
    let inner = ["layer_types": "sliding_window", "rope_scaling": "original_max_position_embeddings"]
    #expect(message.contains(inner[test.key] ?? test.key), "\(message)")
  }

  /// In transformers `rope_scaling` replaces `rope_parameters`.
  @Test func theOlderKeyOfRopeScalingCounts() throws {
    let linear: JSON = ["rope_type": "linear", "factor": 2]
    let both = try logits("llama-plain") {
      $0["rope_parameters"] = ["rope_type": "default"]
      $0["rope_scaling"] = linear
    }
    #expect(try both == logits("llama-plain") { $0["rope_scaling"] = linear })
    #expect(try both != logits("llama-plain") { _ in })
  }

  /// OLMo Hybrid has position embeddings unless the base is null.
  @Test func aMissingBaseIsTheUsualOne() throws {
    let missing = try logits("olmo-hybrid") { $0["rope_parameters"] = ["rope_type": "default"] }
    let stated = try logits("olmo-hybrid") {
      $0["rope_parameters"] = ["rope_type": "default", "rope_theta": 10000]
    }
    #expect(missing == stated)
    #expect(try missing != logits("olmo-hybrid") { _ in })
  }

  /// `layer_types` names the layers of a Llama with a window, as in mlx-lm.
  @Test func llamaLayersHaveWindows() throws {
    func windowed(_ type: JSON) throws -> [Float] {
      try logits("llama-plain") { members in
        let count = try #require(members["num_hidden_layers"]?.asInteger)
        members["sliding_window"] = 3
        members["layer_types"] = .array(Array(repeating: type, count: count))
      }
    }
    let plain = try logits("llama-plain") { _ in }
    #expect(try windowed("full_attention") == plain)
    #expect(try windowed("sliding_attention") != plain)
  }

  /// Gemma 3's full layers take any scaling, its layers with windows none.
  @Test func gemmaTakesEveryScaling() throws {
    let yarn: JSON = ["rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 8]
    func scaled(_ change: (inout JSONObject) throws -> Void) throws -> [Float] {
      try logits("gemma3-plain") {
        $0["rope_parameters"] = nil
        $0["rope_theta"] = 1000
        $0["rope_local_base_freq"] = 100
        try change(&$0)
      }
    }
    let old = try scaled { $0["rope_scaling"] = yarn }
    let new = try scaled {
      $0["rope_parameters"] = [
        "full_attention": [
          "rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 8, "rope_theta": 1000,
        ],
        "sliding_attention": ["rope_type": "default", "rope_theta": 100],
      ]
    }
    #expect(old == new)
    #expect(try old != scaled { _ in })
  }

  /// The logits after some tokens of a fixture with a changed configuration.
  private func logits(
    _ fixture: String, _ change: (inout JSONObject) throws -> Void
  ) throws -> [Float] {
    let tiny = TinyModel(name: fixture)
    let backend = CPUBackend(precision: .exact, threads: 1)
    let model = try tiny.model(on: backend, change)
    let sequence = SequenceState(caches: model.makeCaches())
    let tokens = Array(try tiny.reference().tokens[..<16])
    return backend.values(try model.forward(ForwardInput(tokens: tokens, sequence: sequence)))
  }
}
