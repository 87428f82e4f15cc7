import Basics
import Compute

/// Qwen2's mixtures of experts (arXiv:2407.10671): Qwen2's attention, and a mixture of experts with a gated shared expert.
enum Qwen2MoE {
  static let architecture = Architecture(
    "qwen2_moe",
    gguf: GGUFConversion(
      "qwen2moe",
      tensors: ggufTensors, keys: ggufKeys, export: .experts, restore: restoringGate), mlx: .plain
  ) { configuration, weights in
    let windows = try Qwen3.windows(configuration)
    let isSparse = try configuration.sparseLayers(count: windows.count)
    let decoder = PreNormDecoder(windows: windows) { prefix, index, shape, activation in
      guard isSparse[index] else { return try GatedFeedForward(prefix + "mlp.", shape, activation, weights) }
      return try mixture(prefix + "mlp.", shape, configuration, activation, weights, normalises: false)
    }
    return try decoder.model(configuration, weights)
  }

  static let ggufTensors = [
    "mlp.shared_expert_gate": "ffn_gate_inp_shexp", "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
    "mlp.shared_expert.up_proj": "ffn_up_shexp", "mlp.shared_expert.down_proj": "ffn_down_shexp",
  ]
  static let ggufKeys = ["expert_shared_feed_forward_length": "shared_expert_intermediate_size"]

  /// The converter stores the gate's only row as a vector.
  static let restoringGate: @Sendable (String, Weight) throws -> Weight = { name, stored in
    guard name.hasSuffix("shared_expert_gate.weight"), stored.shape.count == 1 else { return stored }
    return try Weight(format: stored.format, shape: [1, stored.columns], values: stored.values)
  }

  /// The mixture and its gated shared expert, also of Qwen3-Next.
  /// - Parameter normalises: whether the weights are divided by their sum, if the configuration does not say.
  static func mixture(
    _ prefix: String, _ shape: DecoderShape, _ configuration: ModelConfiguration, _ activation: Activation,
    _ weights: ModelWeights, normalises: Bool
  ) throws -> ExpertMixture {
    let experts = try configuration.expertCounts()
    let shared = SharedExpert(
      feedForward: try GatedFeedForward(
        prefix + "shared_expert.", shape, activation, weights,
        inner: configuration.integer("shared_expert_intermediate_size", 1...1 << 24)),
      gate: try weights.linear(prefix + "shared_expert_gate", inputs: shape.hidden, outputs: 1))
    return try ExpertMixture(
      prefix,
      RoutingSettings(
        count: experts.chosen, scoring: .softmax,
        normalises: configuration.bool("norm_topk_prob", default: normalises)),
      experts: experts.all, inner: configuration.integer("moe_intermediate_size", 1...1 << 24), shape,
      activation, weights, shared: shared)
  }
}
