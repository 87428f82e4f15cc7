import Compute

/// A mixture of experts: a router chooses a few of many gated feed-forward blocks for each token.
struct ExpertMixture {
  let router: Linear
  let routing: RoutingSettings
  let experts: ExpertLayers

  /// - Parameter residual: added to the weighted sum of the chosen experts.
  func callAsFunction(_ x: Tensor, adding residual: Tensor?, on backend: any Backend) -> Tensor {
    let logits = backend.linear(x, [router], adding: nil)
    return backend.mixture(x, logits: logits, routing, experts, adding: residual)
  }
}

/// Finds the stacked weights of a mixture's experts under the names that checkpoints give them.
struct ExpertStack {
  /// Up to and including `experts.`.
  let prefix: String
  let experts: Int
  let hidden: Int
  let inner: Int
  /// The share of experts that a token uses.
  let share: Double

  /// Whether the names are those of OpenAI's checkpoint.
  private func isOpenAI(_ weights: ModelWeights) -> Bool { weights.contains(prefix + "gate_up_proj") }

  /// Gate and up projection: one interleaved stack (OpenAI) or two (MLX, GGUF).
  func input(_ weights: ModelWeights) throws -> ExpertLayers.Input {
    if isOpenAI(weights) {
      return .interleaved(try weights.openAIStack(prefix + "gate_up_proj", experts, 2 * inner, hidden, share))
    }
    return .separate(
      gate: try weights.expertStack(prefix + "gate_proj", experts, inner, hidden, share),
      up: try weights.expertStack(prefix + "up_proj", experts, inner, hidden, share))
  }

  /// The down projection.
  func down(_ weights: ModelWeights) throws -> Linear {
    if isOpenAI(weights) {
      return try weights.openAIStack(prefix + "down_proj", experts, hidden, inner, share)
    }
    return try weights.expertStack(prefix + "down_proj", experts, hidden, inner, share)
  }
}
