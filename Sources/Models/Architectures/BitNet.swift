import Basics
import Compute

/// BitNet b1.58 (arXiv:2402.17764, 2504.12285): Llama's layers with ternary matrices, norms inside attention and
/// feed-forward, and a gate of squared ReLU.
///
/// The inputs of all layers but the head are rounded to 8 bits, with a scale for each token, as in training and in
/// transformers (mlx-lm and llama.cpp do not round them so). All of them are outputs of norms.
enum BitNet {
  static let architecture = Architecture("bitnet", gguf: gguf) { configuration, weights in
    try check(configuration, weights.backend)
    guard !weights.contains("model.layers.0.self_attn.q_proj.weight_scale") else {
      throw ModelError.unsupported("BitNet matrices with scales that are not packed in bytes")
    }
    guard !weights.contains("model.layers.0.self_attn.q_proj.scale") else {
      throw ModelError.unsupported(
        "BitNet matrices with scales in tensors of their own; convert the model again")
    }
    var decoder = PreNormDecoder()
    decoder.roundsInputs = true
    decoder.adjust = { attention, prefix, _ in
      let settings = attention.settings
      attention.resultNorm = try roundedNorm(
        prefix + "attn_sub_norm", size: settings.heads * settings.headSize, configuration, weights)
    }
    decoder.feedForward = { prefix, _, shape, activation in
      var feedForward = try GatedFeedForward(prefix + "mlp.", shape, activation, weights)
      feedForward.innerNorm = try roundedNorm(
        prefix + "mlp.ffn_sub_norm", size: shape.intermediate, configuration, weights)
      return feedForward
    }
    return try decoder.model(configuration, weights)
  }

  /// The converter makes training weights ternary, times their scale, and stores them in any type. The files are those of
  /// the first models (1bitLLM/bitnet_b1_58-3B), whose gate is SiLU: they have no key for the activation, and llama.cpp
  /// computes no other.
  private static let gguf = GGUFConversion(
    "bitnet",
    tensors: [
      "self_attn.attn_sub_norm": "attn_sub_norm", "mlp.ffn_sub_norm": "ffn_sub_norm",
      "self_attn.q_proj.scale": "attn_q.scale",
    ],
    configure: {
      $0["quantization_config"] = ["quant_method": "bitnet", "quantization_mode": "offline"]
      $0["hidden_act"] = "silu"
    })

  private static func roundedNorm(
    _ name: String, size: Int, _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> RoundedNorm {
    RoundedNorm(
      norm: try weights.norm(name, size: size, epsilon: configuration.number("rms_norm_eps", default: 1e-5)))
  }

  /// Refuses what would be computed differently.
  private static func check(_ configuration: ModelConfiguration, _ backend: any Backend) throws {
    guard backend.precision == .fast || backend is any ActivationRoundingBackend else {
      throw ModelError.unsupported("BitNet's rounded activations on this device with exact arithmetic")
    }
    guard let settings = configuration.json["quantization_config"] else {
      throw ModelError.unsupported("BitNet weights that are not ternary (no quantization_config)")
    }
    // Training weights are made ternary when they are used.
    if let mode = settings["quantization_mode"]?.asString, mode != "offline" {
      throw ModelError.unsupported("BitNet weights with the quantization_mode \(printable(mode))")
    }
    if settings["use_rms_norm"]?.asBool == true {
      throw ModelError.unsupported("BitNet layers with norms of their own (use_rms_norm)")
    }
  }
}
