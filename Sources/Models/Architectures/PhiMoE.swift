import Compute

/// Phi-3.5-MoE (microsoft/Phi-3.5-MoE-instruct): layer normalisation, biases, LongRoPE, and mixtures of experts of which
/// a sparse mixer weighs two.
enum PhiMoE {
  static let architecture = Architecture(
    "phimoe", gguf: GGUFConversion("phimoe", export: Phi3.rules), mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)
    let windows = try configuration.windows(count: shape.layers) { _ in true }
    let experts = try configuration.expertCounts()
    guard experts.chosen == 2 else {
      throw ModelError.outOfRange(
        key: "num_experts_per_tok", value: Double(experts.chosen), allowed: "2 with a sparse mixer")
    }
    let jitter = try configuration.number("router_jitter_noise", default: 0.01)
    let routing = RoutingSettings(count: 2, scoring: .sparseMixer(jitter: Float(jitter)))
    let decoder = PreNormDecoder(
      normalization: .layer(epsilon: shape.epsilon), windows: windows, rotary: rotary
    ) { prefix, _, shape, activation in
      try ExpertMixture(
        prefix + "block_sparse_moe.", routing, experts: experts.all, inner: shape.intermediate, shape,
        activation, weights)
    }
    return try decoder.model(configuration, weights)
  }
}
