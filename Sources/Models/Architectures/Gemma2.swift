import Basics
import Compute

/// Gemma 2 (arXiv:2408.00118): norms before and after attention and feed-forward, every second layer with a sliding
/// window, soft caps on attention scores and logits, embeddings scaled by the square root of the width.
enum Gemma2 {
  static let architecture = Architecture(
    "gemma2",
    gguf: GGUFConversion(
      "gemma2", tensors: Gemma3.ggufTensors, export: rules, configure: configure), mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let windows = try configuration.windows(count: shape.layers, default: 4096) { $0 % 2 == 0 }
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation(default: "gelu_pytorch_tanh")
    let scale = 1 / Float(try configuration.positive("query_pre_attn_scalar", default: 256)).squareRoot()
    // A cap that is null has no effect; one that is missing has transformers' default.
    func softcap(_ key: String, default fallback: Float) throws -> Float? {
      configuration.json[key] == nil ? fallback : try configuration.optionalNumber(key).map { Float($0) }
    }
    let attentionSoftcap = try softcap("attn_logit_softcapping", default: 50)
    let offset = try configuration.normOffset()
    func norm(_ name: String) throws -> RMSNorm { try weights.norm(name, shape, offset: offset) }

    let embedding = try EmbeddingAndHead(
      shape, weights, offset: offset, scale: Float(shape.hidden).squareRoot(),
      softcap: softcap("final_logit_softcapping", default: 30))
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let attention = try SelfAttention(
        prefix + "self_attn.", shape, rotary: rotary, weights, scale: scale, window: windows[index],
        softcap: attentionSoftcap)
      return try Gemma3.blocks(
        prefix, attention, GatedFeedForward(prefix + "mlp.", shape, activation, weights), norm: norm)
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  private static let rules: GGUFExport.Rules = {
    var rules = Gemma.rules
    rules.keys = ["attn_logit_softcapping", "final_logit_softcapping", "attention.sliding_window"]
    rules.complete = { fields, configuration in
      try Gemma.rules.complete(&fields, configuration)
      try configuration.requireWindowsForGGUF(default: 4096) { $0 % 2 == 0 }
      try Gemma3.requireScale(configuration, largest: 46)
    }
    return rules
  }()

  /// The converter omits the scale of queries, which differs in the 27B model only.
  private static func configure(_ object: inout JSONObject) throws {
    try Gemma3.configure(&object, largest: 46)
    object["query_pre_attn_scalar"] = object["query_pre_attn_scalar"] ?? object["head_dim"]
  }
}
