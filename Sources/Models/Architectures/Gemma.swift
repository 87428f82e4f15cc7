import Compute

/// Gemma (arXiv:2403.08295): Llama's layers with norm weights stored minus 1, a GELU gate, and embeddings scaled by the
/// square root of the width.
enum Gemma {
  static let architecture = Architecture(
    "gemma",
    gguf: GGUFConversion("gemma", export: rules, configure: GGUFConversion.normsIncludeOne),
    mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    // The first checkpoints say gelu, but were trained with its tanh approximation.
    let name =
      try configuration.optionalString("hidden_activation") ?? configuration.optionalString("hidden_act")
    let activation: Activation =
      name == "gelu" ? .geluTanh : try configuration.activation(default: "gelu_pytorch_tanh")
    let decoder = PreNormDecoder(
      tiedByDefault: true, normalization: .rootMeanSquare(offset: try configuration.normOffset()),
      embeddingScale: Float(shape.hidden).squareRoot(), activation: activation)
    return try decoder.model(configuration, weights)
  }

  /// The norms of all Gemma models before the fourth are stored with 1 added; the base of the first two is fixed.
  static let rules = GGUFExport.Rules(
    addsOne: { $0.hasSuffix("norm.weight") },
    complete: { fields, configuration in
      fields.remove("rope.freq_base")
      try configuration.requireForGGUF("rope_theta", configuration.ropeBase() == 10000)
    })
}
