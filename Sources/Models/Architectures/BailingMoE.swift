import Basics
import Compute

/// Ling and Ring (inclusionAI/Ling-mini-2.0 and its kin).
///
/// Pre-norm layers of grouped-query attention with fused projections, norms of each query and key head and rotary
/// embeddings on a part of their columns; after the first layers, a mixture of many small experts in groups, chosen by
/// the sigmoid of their logits plus a bias, with a shared expert.
enum BailingMoE {
  static let architecture = Architecture(
    "bailing_moe",
    gguf: GGUFConversion(
      "bailingmoe2",
      tensors: [
        "model.word_embeddings": "token_embd", "attention.query_key_value": "attn_qkv",
        "attention.dense": "attn_output", "attention.query_layernorm": "attn_q_norm",
        "attention.key_layernorm": "attn_k_norm", "mlp.gate.expert_bias": "exp_probs_b.bias",
      ], keys: ["expert_shared_feed_forward_length": "moe_shared_expert_intermediate_size"], export: rules,
      configure: configure),
    mlx: MLXConversion(
      eightBits: ["mlp.gate.gate_proj"], keepsType: ["expert_bias"],
      change: { tensor, _ in
        [
          tensor.named(
            tensor.name.replacing(/mlp\.gate\.(weight|bias)$/, with: { "mlp.gate.gate_proj.\($0.1)" }))
        ]
      }),
    shapes: SyntheticShape.lingMini
  ) { try model($0, $1) }

  private static let rules = GGUFExport.Rules(
    keys: [
      "rope.dimension_count", "leading_dense_block_count", "vocab_size", "expert_feed_forward_length",
      "expert_weights_scale", "expert_shared_count", "expert_weights_norm",
    ], rotaryShare: 0.5,
    complete: { fields, configuration in
      if fields["expert_shared_feed_forward_length"] == nil {
        let inner = try configuration.integer("moe_intermediate_size", 1...1 << 24)
        let count = try configuration.integer("num_shared_experts", 0...65536)
        try fields.set("expert_shared_feed_forward_length", inner * count)
      }
      // Prediction layers are not written.
      if configuration.has("num_nextn_predict_layers") { try fields.set("nextn_predict_layers", 0) }
    })

  private static func configure(_ object: inout JSONObject) {
    object["use_qk_norm"] = true
    object["moe_router_enable_expert_bias"] = true
    // The converter writes the length of one shared expert, or that of all where config.json has none.
    if let count = object["n_shared_experts"]?.asInteger, count > 1,
      let inner = object["moe_intermediate_size"]?.asInteger,
      object["moe_shared_expert_intermediate_size"]?.asInteger == inner * count
    {
      object["moe_shared_expert_intermediate_size"] = .integer(inner)
    }
  }

  /// - Parameter mixer: loads what takes the place of attention in a layer; nil for attention.
  static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights,
    mixer: (_ prefix: String, _ index: Int) throws -> (any BlockBody)? = { _, _ in nil }
  ) throws -> Decoder {
    // mlx-lm normalises the head while it converts but keeps the key, so that the weights do not tell.
    for key in ["norm_head", "norm_softmax"] { try configuration.require(key, false) }
    try configuration.require("use_rmsnorm", true)
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()
    let experts = try experts(configuration, layers: shape.layers)
    let normsHeads = try configuration.bool("use_qk_norm", default: false)

    let embedding = try EmbeddingAndHead(
      table: "model.word_embeddings", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("model.norm", shape), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let mixer =
        try mixer(prefix, index)
        ?? attention(prefix + "attention.", shape, rotary, normsHeads: normsHeads, weights)
      let feedForward = try experts.block(prefix + "mlp.", index, shape, activation, weights)
      return [
        Block(mixer, norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(feedForward, norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  private static func attention(
    _ prefix: String, _ shape: DecoderShape, _ rotary: RotaryTable, normsHeads: Bool, _ weights: ModelWeights
  ) throws -> SelfAttention {
    var attention = try SelfAttention(
      prefix, shape, rotary: rotary, weights, names: ("query_key_value", "dense"))
    let norms: PreNormDecoder.HeadNorms = normsHeads ? .perHead : .none
    attention.headNorms = try norms.load(
      prefix, shape, weights, names: ("query_layernorm", "key_layernorm"))
    return attention
  }

  /// Whether a layer of the models with linear attention has softmax attention: the last of every `layer_group_size`
  /// layers, and those after the last whole group.
  static func attends(
    _ configuration: ModelConfiguration, layers: Int
  ) throws -> (_ index: Int) -> Bool {
    let period = try configuration.integer("layer_group_size", 1...4096)
    return { ($0 + 1) % period == 0 || $0 >= layers / period * period }
  }

  /// The mixtures of experts, also those of the hybrid models.
  /// - Parameters:
  ///   - scoring: how logits become scores, unless `scoringKey` says it.
  ///   - normalisesOne: whether the weight of a single expert is divided by itself.
  static func experts(
    _ configuration: ModelConfiguration, layers: Int, scoring: RoutingSettings.Scoring = .softmax,
    scoringKey: String? = "score_function", normalisesOne: Bool = false
  ) throws -> RoutedExperts {
    try configuration.require("moe_router_enable_routed_scaling", true)
    var experts = try RoutedExperts(
      configuration, layers: layers, scoring: scoring, scoringKey: scoringKey, normalises: true,
      normalisesOne: normalisesOne)
    let key = "moe_router_enable_expert_bias"
    experts.corrects = configuration.has(key) ? try configuration.bool(key, default: false) : nil
    guard try configuration.bool("moe_router_enable_shared_expert", default: true) else {
      experts.sharedInner = 0
      return experts
    }
    return experts
  }
}
