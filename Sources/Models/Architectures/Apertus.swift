import Compute
import Foundation

/// Apertus (swiss-ai/Apertus-8B-Instruct-2509): grouped-query attention with a norm of each query and key head, and a
/// feed-forward block without a gate, whose activation (xIELU) has learnt slopes.
enum Apertus {
  static let architecture = Architecture("apertus") { configuration, weights in
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
      prefix, _, shape, _ in
      let activation = try xIELU(prefix + "mlp.act_fn.", weights)
      return try FeedForward(prefix + "mlp.", shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  /// Files have the slopes before the softplus that keeps them positive.
  private static func xIELU(_ prefix: String, _ weights: ModelWeights) throws -> Activation {
    func slope(_ name: String) throws -> Float { log1p(exp(try weights.scalar(prefix + name))) }
    func constant(_ name: String, default fallback: Float) throws -> Float {
      weights.contains(prefix + name) ? try weights.scalar(prefix + name) : fallback
    }
    let beta = try constant("beta", default: 0.5)
    return .xielu(
      positive: try slope("alpha_p"), negative: beta + (try slope("alpha_n")), beta: beta,
      limit: try constant("eps", default: -1e-6))
  }
}
