import Basics
import Compute
import Foundation

/// Apertus (swiss-ai/Apertus-8B-Instruct-2509): grouped-query attention with a norm of each query and key head, and a
/// feed-forward block without a gate, whose activation (xIELU) has learnt slopes.
enum Apertus {
  static let architecture = Architecture(
    "apertus",
    gguf: GGUFConversion(
      "apertus", tensors: ["attention_layernorm": "attn_norm", "feedforward_layernorm": "ffn_norm"],
      keys: [
        "xielu.alpha_p": "xielu_alpha_p", "xielu.alpha_n": "xielu_alpha_n", "xielu.beta": "xielu_beta",
        "xielu.eps": "xielu_eps",
      ], export: rules
    ) { object in
      if object["rope_scaling"] == .null { object["rope_scaling"] = ["rope_type": "default"] }
    },
    mlx: MLXConversion(
      // The numbers of an activation are scalars.
      change: { tensor, _ in [tensor.name.contains(".act_fn.") ? tensor.reshaped([]) : tensor] })
  ) { configuration, weights in
    try configuration.require("post_norm", false)
    try configuration.require("qk_norm", true)
    let name = try configuration.optionalString("hidden_act") ?? "xielu"
    guard name == "xielu" else {
      throw ModelError.unsupported("the activation '\(name)' is not supported by this architecture")
    }
    // Without one, implementations differ.
    guard configuration.has("rope_scaling") || configuration.has("rope_parameters") else {
      throw ModelError.missingKey("rope_scaling")
    }
    var names = PreNormDecoder.Names()
    names.attentionNorm = "attention_layernorm"
    names.feedForwardNorm = "feedforward_layernorm"
    let decoder = PreNormDecoder(names: names, headNorms: .perHead, activation: .identity) {
      prefix, index, shape, _ in
      let activation = try xIELU(prefix + "mlp.act_fn.", index, configuration, weights)
      return try FeedForward(prefix + "mlp.", shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  /// llama.cpp has no biases of the feed-forward blocks.
  private static let rules = GGUFExport.Rules(
    keys: ["vocab_size", "rope.dimension_count"], needsHead: true,
    numbers: [
      ("mlp.act_fn.alpha_p", "xielu.alpha_p", nil), ("mlp.act_fn.alpha_n", "xielu.alpha_n", nil),
      ("mlp.act_fn.beta", "xielu.beta", 0.5), ("mlp.act_fn.eps", "xielu.eps", -1e-6),
    ],
    complete: { _, configuration in
      // Without one, implementations differ.
      guard configuration.has("rope_scaling") || configuration.has("rope_parameters") else {
        throw ModelError.missingKey("rope_scaling")
      }
      try configuration.requireForGGUF("mlp_bias", !configuration.bool("mlp_bias", default: false))
    })

  /// Files have the slopes before the softplus that keeps them positive; in GGUF all are in the metadata.
  private static func xIELU(
    _ prefix: String, _ index: Int, _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> Activation {
    func stated(_ name: String) throws -> Float? {
      guard let all = try configuration.numbers("xielu_" + name) else { return nil }
      guard all.indices.contains(index) else {
        throw ModelError.wrongValue(key: "xielu." + name, expected: "a number for each layer")
      }
      return Float(all[index])
    }
    func slope(_ name: String) throws -> Float {
      log1p(exp(try stated(name) ?? weights.scalar(prefix + name)))
    }
    func constant(_ name: String, default fallback: Float) throws -> Float {
      try stated(name) ?? (weights.contains(prefix + name) ? weights.scalar(prefix + name) : fallback)
    }
    let beta = try constant("beta", default: 0.5)
    return .xielu(
      positive: try slope("alpha_p"), negative: beta + (try slope("alpha_n")), beta: beta,
      limit: try constant("eps", default: -1e-6))
  }
}
