import Compute

/// Granite 3 (ibm-granite/granite-3.3-8b-instruct) and its mixtures of experts: Llama's layers with factors on embeddings,
/// attention, residuals and logits.
enum Granite {
  static let dense = Architecture(
    "granite",
    gguf: GGUFConversion(
      "granite", keys: ggufKeys, export: rules, configure: GGUFConversion.interleavedRotary),
    mlx: MLXConversion(eightBits: ["self_attn.o_proj", "mlp.down_proj", "lm_head"])
  ) { try decoder($0).model($0, $1) }

  static let mixture = Architecture(
    "granitemoe", "granitemoeshared",
    gguf: GGUFConversion(
      "granitemoe",
      tensors: ggufTensors, keys: ggufKeys, export: rules,
      configure: GGUFConversion.interleavedRotary),
    mlx: MLXConversion(
      eightBits: ["block_sparse_moe.router.layer", "self_attn.o_proj", "mlp.down_proj", "lm_head"],
      divides: mlxParts)
  ) { configuration, weights in
    try mixture(configuration, weights).model(configuration, weights)
  }

  /// Granite with sliding windows, a sink logit per head, and a rope base for each layer.
  static let windowed = Architecture("granite_swa", gguf: windowedGGUF) { configuration, weights in
    // GGUF has one name for both.
    let hasExperts = try configuration.integer("num_local_experts", 0...65536, default: 0) > 0
    let plain = try hasExperts ? mixture(configuration, weights) : decoder(configuration)
    return try windowed(plain, configuration, weights).model(configuration, weights)
  }

  static let windowedMixture = Architecture("granitemoe_swa", gguf: windowedGGUF) { configuration, weights in
    try windowed(mixture(configuration, weights), configuration, weights).model(configuration, weights)
  }

  private static func windowed(
    _ plain: PreNormDecoder, _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> PreNormDecoder {
    let shape = try DecoderShape(configuration)
    guard let types = try configuration.layerTypes(count: shape.layers) else {
      throw ModelError.missingKey("layer_types")
    }
    guard configuration.has("sliding_window") || !types.contains("sliding_attention") else {
      throw ModelError.missingKey("sliding_window")
    }
    var decoder = plain
    decoder.windows = try configuration.windows(count: shape.layers) { types[$0] == "sliding_attention" }
    if let bases = try configuration.numbers("layer_rope_theta") {
      guard bases.count == shape.layers, bases.allSatisfy({ $0 >= 0 }) else {
        throw ModelError.wrongValue(
          key: "layer_rope_theta", expected: "a rope base or 0 for each of \(shape.layers) layers")
      }
      // 0 is for a layer without position embeddings.
      decoder.rotaries = try bases.map {
        $0 == 0 ? nil : try configuration.rotaryTable(headSize: shape.headSize, base: $0)
      }
    }
    decoder.adjust = { attention, prefix, index in
      attention.settings.sinks = try weights.parameter(prefix + "sinks", [shape[layer: index].heads])
    }
    return decoder
  }

  private static func mixture(
    _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> PreNormDecoder {
    let experts = try configuration.expertCounts()
    var decoder = try decoder(configuration)
    decoder.feedForward = { prefix, _, shape, activation in
      try mixture(prefix, experts, configuration, shape, activation, weights)
    }
    return decoder
  }

  /// The mixture below a layer's `prefix`, with a shared expert if the configuration gives it a width. Also in Granite 4.
  static func mixture(
    _ prefix: String, _ experts: (all: Int, chosen: Int), _ configuration: ModelConfiguration,
    _ shape: DecoderShape, _ activation: Activation, _ weights: ModelWeights
  ) throws -> ExpertMixture {
    let key = "shared_intermediate_size"
    let inner = try configuration.integer(key, 0...1 << 24, default: 0)
    if inner == 0, weights.contains(prefix + "shared_mlp.input_linear.weight") {
      throw ModelError.missingKey(key)
    }
    var shared: SharedExpert?
    if inner > 0 {
      shared = SharedExpert(
        feedForward: try GatedFeedForward(
          prefix + "shared_mlp.", shape, activation, weights, inner: inner,
          names: ("input_linear", "output_linear")),
        gate: nil)
    }
    return try ExpertMixture(
      prefix + "block_sparse_moe.",
      router: weights.contains(prefix + "block_sparse_moe.router.weight") ? "router" : "router.layer",
      RoutingSettings(count: experts.chosen, scoring: .softmaxOverChosen), experts: experts.all,
      inner: shape.intermediate, shape, activation, weights, shared: shared)
  }

  /// GGUF's names of a mixture's tensors.
  static let ggufTensors = [
    "block_sparse_moe.router.layer": "ffn_gate_inp", "shared_mlp.gate_proj": "ffn_gate_shexp",
    "shared_mlp.up_proj": "ffn_up_shexp", "shared_mlp.output_linear": "ffn_down_shexp",
  ]
  static let ggufKeys = [
    "expert_shared_feed_forward_length": "shared_intermediate_size",
    "attention.scale": "attention_multiplier", "embedding_scale": "embedding_multiplier",
    "residual_scale": "residual_multiplier", "logit_scale": "logits_scaling",
  ]

  /// The names of the experts' fused projections in mlx-lm's versions.
  static let mlxParts = [
    "block_sparse_moe.input_linear": [
      "block_sparse_moe.switch_mlp.gate_proj", "block_sparse_moe.switch_mlp.up_proj",
    ],
    "block_sparse_moe.output_linear": ["block_sparse_moe.switch_mlp.down_proj"],
  ]

  /// Fused projections are divided; keys that are 0 are left out.
  static let rules: GGUFExport.Rules = {
    var rules = GGUFExport.Rules.llama
    rules.divides = [
      "block_sparse_moe.input_linear": [
        "block_sparse_moe.experts.gate_proj", "block_sparse_moe.experts.up_proj",
      ],
      "block_sparse_moe.output_linear": ["block_sparse_moe.experts.down_proj"],
      "shared_mlp.input_linear": ["shared_mlp.gate_proj", "shared_mlp.up_proj"],
    ]
    rules.complete = { fields, configuration in
      let heads = try configuration.integer("num_attention_heads", 1...65536)
      let size = try configuration.integer("hidden_size", 1...1 << 24) / heads
      try configuration.requireForGGUF(
        "head_dim", configuration.integer("head_dim", 1...65536, default: size) == size)
      fields.remove("attention.key_length", "attention.value_length")
      for (key, name) in ggufKeys where try configuration.optionalNumber(name) == 0 { fields.remove(key) }
    }
    return rules
  }()

  /// The factors that all of Granite's models have.
  static func decoder(_ configuration: ModelConfiguration) throws -> PreNormDecoder {
    PreNormDecoder(
      attentionScale: Float(try configuration.number("attention_multiplier", default: 1)),
      embeddingScale: Float(try configuration.number("embedding_multiplier", default: 1)),
      residualScale: Float(try configuration.number("residual_multiplier", default: 1)),
      logitScale: Float(1 / (try configuration.positive("logits_scaling", default: 1))))
  }
}
