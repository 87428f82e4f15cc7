import Basics
import Compute

/// DeepSeek V2 and V3 (arXiv:2405.04434, 2412.19437) and the models that follow them: latent attention, gated
/// feed-forward blocks in the first layers, then mixtures of many small experts with shared ones.
///
/// Of the layers for multi-token prediction at the end of the public checkpoints, the first is loaded.
enum DeepSeek {
  /// DeepSeek V2: experts chosen by a softmax, without a correction bias, in groups ranked by their best expert.
  static let v2 = Architecture("deepseek_v2", gguf: gguf, mlx: .fixedRouter) { configuration, weights in
    // transformers ignores the key, DeepSeek's code divides but then leaves out the scaling factor; no checkpoint sets it.
    try configuration.require("norm_topk_prob", false)
    return try model(configuration, weights, scoring: .softmax, normalises: false, method: "greedy")
  }

  /// DeepSeek V3 and R1, and Kimi K2.
  static let v3 = Architecture(
    "deepseek_v3", "kimi_k2", gguf: gguf, mlx: mlx, shapes: SyntheticShape.deepSeek
  ) {
    try model($0, $1, scoring: .sigmoid, normalises: true)
  }

  /// GGUF files of all these models have one name; their keys tell how experts are chosen.
  private static let gguf = GGUFConversion(
    "deepseek2", tensors: latentTensors, keys: latentKeys, export: rules
  ) { object in
    try separateLatentKeys(&object)
    object["norm_topk_prob"] = object["norm_topk_prob"] ?? false
    if object["expert_gating_func"] == "softmax" {
      // DeepSeek V2 ranks groups by their best expert.
      object["topk_method"] = "group_limited_greedy"
    } else if object["expert_gating_func"] == nil {
      // As in llama.cpp: files without the key are of DeepSeek V2, or of GLM-4.7-Flash.
      let isFlash =
        [47, 48].contains(object["num_hidden_layers"]?.asInteger)
        && object["vocab_size"]?.asInteger == 154_880
      object["expert_gating_func"] = isFlash ? "sigmoid" : "softmax"
    }
  }

  private static let mlx: MLXConversion = {
    var conversion = MLXConversion.fixedRouter
    conversion.change = { try latents($0, $1) }
    return conversion
  }()

  private static let rules = GGUFExport.Rules(
    keys: [
      "leading_dense_block_count", "vocab_size", "expert_feed_forward_length", "expert_shared_count",
      "expert_weights_scale", "expert_weights_norm",
    ], change: { try latents($0, $1) },
    complete: { fields, configuration in
      try completeLatentKeys(&fields, configuration)
      // Without the key, llama.cpp takes all but the public GLM-4.7-Flash for DeepSeek V2.
      let scores = "expert_gating_func"
      if fields[scores] == nil, try configuration.string("model_type") != "deepseek_v2" {
        fields[scores] = .integer(2)
      }
    })

  /// GGUF's names of latent attention.
  static let latentTensors = [
    "self_attn.q_a_proj": "attn_q_a", "self_attn.q_a_layernorm": "attn_q_a_norm",
    "self_attn.q_b_proj": "attn_q_b",
    "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa", "self_attn.kv_a_layernorm": "attn_kv_a_norm",
    "self_attn.kv_b_proj": "attn_kv_b", "self_attn.embed_q": "attn_k_b", "self_attn.unembed_out": "attn_v_b",
  ]
  static let latentKeys = [
    "attention.kv_lora_rank": "kv_lora_rank", "attention.q_lora_rank": "q_lora_rank",
    "attention.key_length_mla": "key_length_mla", "attention.value_length_mla": "v_head_dim",
    "rope.dimension_count": "qk_rope_head_dim",
  ]

  /// GGUF gives the size of a whole query head.
  static func separateLatentKeys(_ object: inout JSONObject) throws {
    guard let size = object["key_length_mla"]?.asInteger, let rope = object["qk_rope_head_dim"]?.asInteger
    else {
      throw ModelError.unsupported(
        "the file was converted before llama.cpp kept latents in the cache; convert it again")
    }
    object["qk_nope_head_dim"] = .integer(size - rope)
  }

  /// GLM-4.7-Flash (zai-org/GLM-4.7-Flash).
  static let glm4MoELite = Architecture("glm4_moe_lite", gguf: gguf, mlx: mlx) {
    try model($0, $1, scoring: .sigmoid, normalises: true)
  }

  /// Mistral 4: experts chosen by a softmax; queries grow with the position.
  static let mistral4 = Architecture(
    "mistral4",
    mlx: MLXConversion(
      divides: [
        "experts.gate_up_proj": ["switch_mlp.gate_proj", "switch_mlp.up_proj"],
        "experts.down_proj": ["switch_mlp.down_proj"],
      ], part: MLXConversion.languageModel, wholes: ["mistral3"], change: latents)
  ) {
    try model($0, $1, scoring: .softmax, normalises: true, normalisesOne: true)
  }

  private static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, scoring: RoutingSettings.Scoring,
    normalises: Bool, normalisesOne: Bool? = nil, method: String = "noaux_tc"
  ) throws -> Decoder {
    guard try configuration.number("partial_rotary_factor", default: 1) == 1 else {
      throw ModelError.unsupported("a 'partial_rotary_factor' of latent attention is not supported")
    }
    let shape = try DecoderShape(configuration)
    let activation = try configuration.activation()
    let experts = try RoutedExperts(
      configuration, layers: shape.layers, scoring: scoring, normalises: normalises,
      normalisesOne: normalisesOne, method: method)
    let embedding = try EmbeddingAndHead(shape, weights)
    func layer(_ index: Int) throws -> [Block] {
      let prefix = "model.layers.\(index)."
      return [
        Block(
          try LatentAttention(prefix + "self_attn.", configuration, shape, weights),
          norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          try experts.block(prefix + "mlp.", index, shape, activation, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    let layers = try (0..<shape.layers).map(layer)
    let decoder = try Decoder(shape, embedding: embedding, layers: layers, weights)
    decoder.predictor = TokenPredictor.load(
      .layer("model.layers.\(shape.layers)."), shape, embedding: embedding, weights,
      norm: { try weights.norm($0, shape) }, blocks: { try layer(shape.layers) })
    return decoder
  }
}
