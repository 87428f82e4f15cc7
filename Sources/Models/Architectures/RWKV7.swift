import Compute

/// RWKV-7 (arXiv:2503.14456, fla-hub/rwkv7-2.9B-world): time mixing with a generalised delta rule and channel mixing, behind
/// layer norms, without attention. Another norm follows the embeddings.
enum RWKV7 {
  static let architecture = Architecture(
    "rwkv7",
    gguf: GGUFConversion(
      "rwkv7", tensors: ggufTensors,
      keys: [
        "wkv.head_size": "head_dim", "attention.layer_norm_epsilon": "norm_eps",
        "attention.decay_lora_rank": "decay_low_rank_dim", "attention.iclr_lora_rank": "a_low_rank_dim",
        "attention.value_residual_mix_lora_rank": "v_low_rank_dim",
        "attention.gate_lora_rank": "gate_low_rank_dim",
      ], export: rules), mlx: mlx
  ) { configuration, weights in
    let hidden = try configuration.integer("hidden_size", 1...1 << 20)
    let layerCount = try configuration.integer("num_hidden_layers", 1...4096)
    let vocabulary = try configuration.integer("vocab_size", 1...1 << 24)
    let inner = try configuration.integer("intermediate_size", 1...1 << 24)
    let epsilon = try configuration.positive("norm_eps", default: 1e-5)
    let headSize = try configuration.integer("head_dim", 1...RWKVSettings.mostColumns, default: 64)
    guard hidden % headSize == 0 else {
      throw ModelError.wrongValue(key: "head_dim", expected: "a divisor of hidden_size")
    }
    if let name = try configuration.optionalString("hidden_act"), name != "sqrelu" {
      throw ModelError.unsupported("'hidden_act' '\(name)' is not supported by this architecture; sqrelu is")
    }
    guard !configuration.has("attn") else {
      throw ModelError.unsupported("'attn' is not supported by this architecture")
    }
    let ranks = (
      decay: try configuration.integer("decay_low_rank_dim", 1...1 << 20),
      rate: try configuration.integer("a_low_rank_dim", 1...1 << 20),
      share: try configuration.integer("v_low_rank_dim", 1...1 << 20),
      gate: try configuration.integer("gate_low_rank_dim", 1...1 << 20)
    )
    func norm(_ name: String) throws -> LayerNorm {
      try weights.layerNorm(name, size: hidden, epsilon: epsilon)
    }

    let embedding = try EmbeddingAndHead(
      table: "model.embeddings", vocabulary: vocabulary, hidden: hidden,
      tied: configuration.bool("tie_word_embeddings", default: false), norm: norm("model.norm"), weights)
    let first = RWKVTimeMixer.FirstValue()
    var layers = try (0..<layerCount).map { index in
      let prefix = "model.layers.\(index)."
      return [
        Block(
          try RWKVTimeMixer(
            prefix + "attn.", hidden: hidden, headSize: headSize, ranks: ranks, isFirst: index == 0,
            first: first, weights), norm: try norm(prefix + "attn_norm")),
        Block(
          try RWKVChannelMixer(prefix + "ffn.", hidden: hidden, inner: inner, weights),
          norm: try norm(prefix + "ffn_norm")),
      ]
    }
    if try configuration.bool("norm_first", default: true) {
      var normed = Block(ZeroBody(), norm: try norm("model.layers.0.pre_norm"))
      normed.normedResidual = 1
      layers[0].insert(normed, at: 0)
    }
    let facts = ModelFacts(
      // A recurrent state has no maximum length.
      architecture: try configuration.string("model_type"), vocabularyCount: vocabulary,
      contextLength: try configuration.contextLength(default: 1 << 20), layerCount: layerCount,
      work: weights.work)
    return try Decoder(facts, embedding: embedding, layers: layers, on: weights.backend)
  }

  /// mlx-lm has rows of heads, and 8 bits for the embedding and the second matrices of low rank.
  private static let mlx = MLXConversion(
    eightBits: ["lora.2", "embeddings"], eightBitSettings: ["bits": 8],
    change: { tensor, configuration in
      guard ["k_k", "k_a", "g_norm"].contains(where: tensor.name.contains) else { return [tensor] }
      let size = try configuration.integer("head_dim", 1...65536, default: 64)
      let count = tensor.shape.reduce(1, *)
      guard count % size == 0 else {
        throw ModelError.wrongShape(tensor: tensor.name, shape: tensor.shape, expected: [count / size, size])
      }
      return [tensor.reshaped([count / size, size])]
    })

  /// The vectors of a token shift form one tensor, and vectors of heads lie one after the other. In the place of the first
  /// layer's mixing of values, which is not used, are the tensors of its rates.
  private static let rules = GGUFExport.Rules(
    needsHead: true, joins: ["attn.x_x": ["r", "w", "k", "v", "a", "g"].map { "attn.x_" + $0 }],
    change: { try stored($0, $1) },
    complete: { fields, configuration in
      fields.remove(
        "attention.layer_norm_rms_epsilon", "attention.key_length", "attention.value_length",
        "attention.head_count_kv", "rope.freq_base")
      fields.set("attention.layer_norm_epsilon", try configuration.number("norm_eps", default: 1e-5))
      try fields.set("wkv.head_size", configuration.integer("head_dim", 1...65536, default: 64))
      // A recurrent state has no maximum length; the converter's value is arbitrary.
      try fields.set("context_length", 1 << 20)
      try fields.set("attention.head_count", 0)
      try configuration.requireForGGUF("norm_first", configuration.bool("norm_first", default: true))
    })

  private static func stored(
    _ tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [ConvertedTensor] {
    let parts = tensor.name.split(separator: ".", maxSplits: 3)
    guard parts.count == 4, parts[1] == "layers" else { return [tensor] }
    let isFirst = parts[2] == "0"
    let hidden = try configuration.integer("hidden_size", 1...1 << 20)
    switch parts[3] {
    case "attn.x_x":
      guard tensor.shape.reduce(1, *) == 6 * hidden else {
        throw ModelError.wrongShape(tensor: tensor.name, shape: tensor.shape, expected: [6, 1, 1, hidden])
      }
      return [tensor.reshaped([6, 1, 1, hidden])]
    case "attn.k_k", "attn.k_a", "attn.r_k", "attn.g_norm.weight", "attn.g_norm.bias", "ffn.x_k":
      return [tensor.reshaped([tensor.shape.reduce(1, *)])]
    case let name where isFirst && name.hasPrefix("attn.v_lora."): return []
    case let name where isFirst && name.hasPrefix("attn.a_lora."):
      return [tensor.named(tensor.name.replacing(".a_lora.", with: ".v_lora.")), tensor]
    default: return [tensor]
    }
  }

  private static let ggufTensors: [String: String] = {
    var tensors = [
      "model.embeddings": "token_embd", "model.layers.0.pre_norm": "token_embd_norm",
      "attn_norm": "attn_norm", "ffn_norm": "attn_norm_2",
      "attn.r_proj": "time_mix_receptance", "attn.k_proj": "time_mix_key", "attn.v_proj": "time_mix_value",
      "attn.o_proj": "time_mix_output", "attn.g_norm": "time_mix_ln", "attn.k_k": "time_mix_k_k.weight",
      "attn.k_a": "time_mix_k_a.weight", "attn.r_k": "time_mix_r_k.weight",
      "attn.x_x": "time_mix_lerp_fused.weight", "ffn.x_k": "channel_mix_lerp_k.weight",
      "ffn.key": "channel_mix_key", "ffn.value": "channel_mix_value",
    ]
    for name in ["w", "a", "v", "g"] {
      tensors["attn.\(name)_lora.lora.0.weight"] = "time_mix_\(name)1.weight"
      tensors["attn.\(name)_lora.lora.2.weight"] = "time_mix_\(name)2.weight"
      tensors["attn.\(name)_lora.lora.2.bias"] = "time_mix_\(name)0.weight"
    }
    return tensors
  }()

  /// Adds nothing to the residual.
  private struct ZeroBody: BlockBody {
    func callAsFunction(
      _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
    ) -> Tensor { residual ?? x }
  }
}
