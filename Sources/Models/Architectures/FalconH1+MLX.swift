import Checkpoints

extension FalconH1 {
  /// mlx-lm multiplies the weights by most factors: not the keys' projection by `key_multiplier`, nor the values' by
  /// `attention_in_multiplier`.
  static let mlx: MLXConversion = {
    var conversion = MLXConversion()
    conversion.isConverted = { checkpoint in
      guard let shape = checkpoint.shape("model.layers.0.mamba.conv1d.weight"), shape.count == 3 else {
        return false
      }
      return shape[2] <= shape[1]
    }
    conversion.change = { tensor, configuration in
      try requireNoBiases(configuration)
      return [try foldedFactors(of: tensor, configuration).reduce(tensor) { $0.scaled(by: $1) }]
    }
    return conversion
  }()

  /// mlx-lm does not multiply biases, so models that have them would have other logits.
  /// - Throws: `ModelError.unsupported`.
  static func requireNoBiases(_ configuration: ModelConfiguration) throws {
    for key in ["attention_bias", "mamba_proj_bias", "mlp_bias", "projectors_bias"]
    where try configuration.bool(key, default: false) {
      throw ModelError.unsupported("'\(key)' is not supported in mlx-lm's conversions of this architecture")
    }
  }

  /// The keys of the factors by the layers that are multiplied by them.
  private static let keys = [
    "embed_tokens": "embedding_multiplier", "lm_head": "lm_head_multiplier",
    "q_proj": "attention_in_multiplier", "k_proj": "attention_in_multiplier",
    "o_proj": "attention_out_multiplier", "out_proj": "ssm_out_multiplier",
  ]

  /// The factors on a tensor. All keys must exist: mlx-lm and transformers have different values for missing ones.
  private static func foldedFactors(
    of tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [[Float]] {
    let parts = tensor.name.split(separator: ".")
    guard parts.count > 1, parts.last == "weight" else { return [] }
    let layer = String(parts[parts.count - 2])
    if let key = keys[layer] { return [[Float(try configuration.number(key))]] }
    switch layer {
    case "gate_proj": return [[try number(0, of: 2, "mlp_multipliers", configuration)]]
    case "down_proj": return [[try number(1, of: 2, "mlp_multipliers", configuration)]]
    case "in_proj":
      let rows = try mixerRows(tensor, configuration).enumerated().flatMap { part, size in
        Array(repeating: try number(part, of: 5, "ssm_multipliers", configuration), count: size)
      }
      return [[Float(try configuration.number("ssm_in_multiplier"))], rows]
    default: return []
    }
  }

  private static func number(
    _ index: Int, of count: Int, _ key: String, _ configuration: ModelConfiguration
  ) throws -> Float {
    guard let list = try configuration.numbers(key) else { throw ModelError.missingKey(key) }
    guard list.count == count else { throw ModelError.wrongValue(key: key, expected: "\(count) numbers") }
    return Float(list[index])
  }
}
