import Compute

/// Nemotron-H and Nemotron Nano 2 and 3 (arXiv:2504.03624): each layer is one block, either a Mamba-2 mixer, attention
/// without position embeddings, a feed-forward block of squared ReLU, or a mixture of experts of such blocks.
enum NemotronH {
  static let architecture = Architecture("nemotron_h", shapes: SyntheticShape.nemotronH) {
    configuration, weights in
    let shape = try DecoderShape(
      configuration, epsilon: (configuration.present("layer_norm_epsilon", "norm_eps"), 1e-5))
    let kinds = try kinds(configuration, count: shape.layers)
    try configuration.requireSiLU("mamba_hidden_act")
    for key in ["moe_latent_size", "sliding_window"] where configuration.has(key) {
      throw ModelError.unsupported("'\(key)' is not supported by this architecture")
    }
    let activation = try configuration.activation(key: "mlp_hidden_act", default: "relu2")

    let embedding = try EmbeddingAndHead(
      table: "backbone.embeddings", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("backbone.norm_f", shape), weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "backbone.layers.\(index)."
      let body: any BlockBody
      switch kinds[index] {
      case .mixer:
        body = try StateSpaceMixer(
          prefix + "mixer.", configuration.stateSpaceShape(.nemotron),
          epsilon: shape.epsilon, weights)
      case .attention: body = try SelfAttention(prefix + "mixer.", shape, rotary: nil, weights)
      case .feedForward: body = try FeedForward(prefix + "mixer.", shape, activation, weights)
      case .experts: body = try experts(prefix + "mixer.", configuration, shape, activation, weights)
      }
      return [Block(body, norm: try weights.norm(prefix + "norm", shape))]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// The kinds of blocks.
  private enum Kind: Character {
    case mixer = "M"
    case attention = "*"
    case feedForward = "-"
    case experts = "E"
  }

  /// From `hybrid_override_pattern`, or from names in `layers_block_type` or `layer_types`.
  private static func kinds(_ configuration: ModelConfiguration, count: Int) throws -> [Kind] {
    let names: [String: Kind] = [
      "mamba": .mixer, "linear_attention": .mixer, "attention": .attention, "full_attention": .attention,
      "mlp": .feedForward, "moe": .experts,
    ]
    let key = configuration.present("hybrid_override_pattern", "layers_block_type", "layer_types")
    let kinds: [Kind?]
    if key == "hybrid_override_pattern" {
      kinds = try configuration.string(key).map { Kind(rawValue: $0) }
    } else {
      kinds = (try configuration.strings(key) ?? []).map { names[$0] }
    }
    let known = kinds.compactMap { $0 }
    guard kinds.count == count, known.count == count else {
      throw ModelError.wrongValue(key: key, expected: "one of M, *, - and E for each of \(count) layers")
    }
    return known
  }

  /// Experts without gates, and a shared one beside them.
  private static func experts(
    _ prefix: String, _ configuration: ModelConfiguration, _ shape: DecoderShape, _ activation: Activation,
    _ weights: ModelWeights
  ) throws -> any BlockBody {
    var experts = try RoutedExperts(
      configuration, layers: shape.layers, sparse: Array(repeating: true, count: shape.layers),
      scoring: .sigmoid, normalises: true)
    // The key is the width of all shared experts together.
    let key = "moe_shared_expert_intermediate_size"
    let sharedInner =
      experts.sharedInner == 0 ? 0 : try configuration.integer(key, 1...1 << 24, default: experts.sharedInner)
    experts.sharedInner = 0
    let mixture = try experts.mixture(prefix, shape, activation, weights, hasGates: false)
    guard sharedInner > 0 else { return mixture }
    let shared = try FeedForward(prefix + "shared_experts.", shape, activation, weights, inner: sharedInner)
    return SideBySide([Block(mixture), Block(shared)])
  }
}
