import Compute

/// Mixtral (arXiv:2401.04088): Mistral's attention and a mixture of experts, weighted by a softmax over the chosen ones.
enum Mixtral {
  static let architecture = Architecture("mixtral", gguf: Llama.gguf, mlx: .plain) { try model($0, $1) }

  /// Also of GGUF files, in which the architecture is llama.
  static func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    let layers = try configuration.integer("num_hidden_layers", 1...4096)
    let experts = try configuration.expertCounts()
    let routing = RoutingSettings(count: experts.chosen, scoring: .softmaxOverChosen)
    let windows = try configuration.windows(count: layers) { _ in true }
    let decoder = PreNormDecoder(windows: windows) { prefix, _, shape, activation in
      try ExpertMixture(
        prefix + "block_sparse_moe.", routing, experts: experts.all, inner: shape.intermediate, shape,
        activation, weights)
    }
    return try decoder.model(configuration, weights)
  }
}
