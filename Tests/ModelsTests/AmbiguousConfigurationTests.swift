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
    ConfigurationCase(fixture: "bailing-v3", key: "routed_scaling_factor", value: "2.5"),
    ConfigurationCase(
      fixture: "gpt-oss-openai", key: "rope_scaling",
      value: #"""
        {"rope_type": "yarn", "factor": 32, "beta_fast": 32, "beta_slow": 1, "truncate": false,
        "original_max_position_embeddings": 4096}
        """#),
    ConfigurationCase(
      fixture: "gemma4-text", key: "rope_parameters",
      value: #"""
        {"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1e6},
        "sliding_attention": {"rope_theta": 10000}}
        """#),
    ConfigurationCase(
      fixture: "mistral4", key: "rope_parameters",
      value: #"""
        {"rope_type": "yarn", "factor": 128, "rope_theta": 10000, "original_max_position_embeddings": 8192,
        "mscale": 1, "mscale_all_dim": 1, "llama_4_scaling_beta": 0.1}
        """#),
    ConfigurationCase(
      fixture: "ministral3", key: "rope_parameters",
      value: #"""
        {"rope_type": "yarn", "factor": 16, "rope_theta": 1e6, "original_max_position_embeddings": 16384,
        "mscale": 1, "mscale_all_dim": 1, "llama_4_scaling_beta": 0.1}
        """#),
  ]

  /// The values are those of the configuration classes of transformers 5.23; the fixtures have other ones.
  @Test(arguments: defaults) func missingKeysHaveTheDefaultOfTheClass(_ test: ConfigurationCase) throws {
    let missing = try logits(test.fixture) { $0[test.key] = nil }
    let stated = try logits(test.fixture) { $0[test.key] = try JSON(parsing: test.value) }
    #expect(missing == stated)
    #expect(try missing != logits(test.fixture) { _ in })
  }

  /// The fixtures have the values of the class.
  @Test(arguments: ["deepseek-v3", "kimi-linear"]) func missingFactorsOfExperts(_ fixture: String) throws {
    let key = "routed_scaling_factor"
    #expect(try logits(fixture) { $0[key] = nil } == logits(fixture) { _ in })
    #expect(try logits(fixture) { $0[key] = 1 } != logits(fixture) { _ in })
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
    ConfigurationCase(fixture: "bailing-v3", key: "rope_interleave", value: "false"),
    ConfigurationCase(fixture: "bailing-hybrid-mlx-affine4-32", key: "routed_scaling_factor"),
  ]

  /// The families whose router is a sigmoid or a softmax whatever the configuration says, in transformers and in mlx-lm.
  static let scorings = [
    ConfigurationCase(fixture: "deepseek-v3", key: "scoring_func", value: "softmax"),
    ConfigurationCase(fixture: "glm4-moe-lite", key: "scoring_func", value: "softmax"),
    ConfigurationCase(fixture: "dots1", key: "scoring_func", value: "softmax"),
    ConfigurationCase(fixture: "exaone-moe", key: "scoring_func", value: "softmax"),
    ConfigurationCase(fixture: "minimax-m2", key: "scoring_func", value: "softmax"),
    ConfigurationCase(fixture: "nemotron-h", key: "scoring_func", value: "softmax"),
    ConfigurationCase(fixture: "kimi-linear", key: "scoring_func", value: "softmax"),
    ConfigurationCase(fixture: "bailing-v3", key: "score_function", value: "softmax"),
    ConfigurationCase(fixture: "bailing-linear", key: "scoring_func", value: "sigmoid"),
    ConfigurationCase(fixture: "deepseek-v2", key: "scoring_func", value: "sigmoid"),
    ConfigurationCase(fixture: "mistral4", key: "scoring_func", value: "sigmoid"),
    ConfigurationCase(fixture: "ernie4-moe", key: "scoring_func", value: "sigmoid"),
  ]

  @Test(arguments: scorings) func otherScoresOfRoutersAreRefused(_ test: ConfigurationCase) throws {
    let error = #expect(throws: ModelError.self) {
      try logits(test.fixture) {
        for key in ["scoring_func", "score_function", "moe_router_activation_func"] { $0[key] = nil }
        $0[test.key] = .string(test.value)
      }
    }
    #expect("\(try #require(error))".contains(test.key))
  }

  /// Ling and Kimi Linear have a key of their own, which mlx-lm obeys.
  @Test(arguments: [
    ("bailing-linear", "score_function"), ("bailing-hybrid-mlx-affine4-32", "score_function"),
    ("kimi-linear", "moe_router_activation_func"),
  ]) func ownKeysOfScoresAreObeyed(_ fixture: String, _ key: String) throws {
    func scored(_ value: JSON) throws -> [Float] { try logits(fixture) { $0[key] = value } }
    #expect(try scored("softmax") != scored("sigmoid"))
  }

  /// transformers divides the weight of a single expert by itself, mlx-lm and the models' own code do not.
  @Test(arguments: [
    ("deepseek-v3", "num_experts_per_tok"), ("glm4-moe-lite", "num_experts_per_tok"),
    ("exaone-moe", "num_experts_per_tok"), ("dots1", "num_experts_per_tok"),
    ("nemotron-h", "num_experts_per_tok"), ("kimi-linear", "num_experts_per_token"),
  ]) func singleExpertsWithNormedWeightsAreRefused(_ fixture: String, _ key: String) throws {
    let norm = fixture == "kimi-linear" ? "moe_renormalize" : "norm_topk_prob"
    let error = #expect(throws: ModelError.self) {
      try logits(fixture) { ($0[key], $0[norm]) = (1, true) }
    }
    #expect("\(try #require(error))".contains("'\(key)'"))
    #expect(throws: Never.self) { try logits(fixture) { ($0[key], $0[norm]) = (1, false) } }
  }

  /// What transformers or mlx-lm ignores or refuses in the scalings of models with two kinds of layers.
  @Test(
    arguments: ["gemma3-plain", "olmo3-bf16"],
    [
      (#"{"rope_type": "linear", "factor": 4}"#, "rope_parameters", "rope_parameters"),
      (#"{"rope_theta": 1000}"#, "rope_parameters", "rope_parameters"),
      (
        #"{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "truncate": false}"#,
        "rope_scaling", "truncate"
      ),
      (#"{"rope_type": "longrope", "short_factor": [], "long_factor": []}"#, "rope_scaling", "longrope"),
    ]) func scalingsOfKindsOfLayersAreRefused(
      _ fixture: String, _ test: (value: String, key: String, named: String)
    ) throws
  {
    let error = #expect(throws: ModelError.self) {
      try logits(fixture) {
        ($0["rope_parameters"], $0["rope_scaling"]) = (nil, nil)
        $0[test.key] = try JSON(parsing: test.value)
      }
    }
    #expect("\(try #require(error))".contains("'\(test.named)'"))
  }

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
    #expect(try logits("olmo-hybrid") { ($0["rope_parameters"], $0["rope_theta"]) = (nil, nil) } == stated)
  }

  /// Nemotron-H has one shared expert unless the configuration says otherwise.
  @Test func sharedExpertsOfNemotron() throws {
    let stated = try logits("nemotron-h") { $0["n_shared_experts"] = 1 }
    #expect(try logits("nemotron-h") { $0["n_shared_experts"] = nil } == stated)
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
