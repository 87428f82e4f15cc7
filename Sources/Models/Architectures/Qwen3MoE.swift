import Compute

/// Qwen3's mixtures of experts (arXiv:2505.09388): Qwen3's attention, and a mixture of many small experts without a
/// shared one in all layers or in some.
enum Qwen3MoE {
  static let architecture = Architecture(
    "qwen3_moe",
    gguf: GGUFConversion("qwen3moe", export: .experts) {
      // GGUF has no key for it; llama.cpp always divides by the sum.
      $0["norm_topk_prob"] = true
    }, mlx: .router("mlp.gate"),
    shapes: SyntheticShape.qwen3MoE
  ) { configuration, weights in
    let windows = try Qwen3.windows(configuration)
    let isSparse = try configuration.sparseLayers(count: windows.count)
    let decoder = PreNormDecoder(windows: windows, headNorms: .perHead) { prefix, index, shape, activation in
      guard isSparse[index] else { return try GatedFeedForward(prefix + "mlp.", shape, activation, weights) }
      let experts = try configuration.expertCounts()
      return try ExpertMixture(
        prefix + "mlp.",
        RoutingSettings(
          count: experts.chosen, scoring: .softmax,
          normalises: configuration.bool("norm_topk_prob", default: false)),
        experts: experts.all, inner: configuration.integer("moe_intermediate_size", 1...1 << 24), shape,
        activation, weights)
    }
    return try decoder.model(configuration, weights)
  }
}
