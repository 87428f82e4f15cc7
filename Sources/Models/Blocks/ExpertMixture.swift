import Compute

/// A mixture of experts: a router selects a few of many gated feed-forward blocks for each token. An optional
/// shared expert processes every token.
package struct ExpertMixture: BlockBody {
  let router: Linear
  let routing: RoutingSettings
  let experts: ExpertLayers
  var shared: SharedExpert?

  /// - Parameter residual: added to the weighted sum of the selected experts.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let inputs = [router] + (shared?.inputs ?? [])
    let projected = backend.linear(x, inputs, adding: nil)
    var sum = residual
    if let shared {
      let columns = backend.columns(projected, router.outputs..<projected.columns)
      sum = shared.finish(columns, adding: residual, on: backend)
    }
    let logits = backend.columns(projected, 0..<router.outputs)
    return backend.mixture(x, logits: logits, routing, experts, adding: sum)
  }
}

extension ExpertMixture {
  /// Loads a router and experts below `prefix`.
  /// - Parameters:
  ///   - router: the router's name.
  ///   - inner: the inner columns of an expert.
  ///   - hasGates: whether experts have a gate beside the up projection.
  init(
    _ prefix: String, router: String = "gate", _ routing: RoutingSettings, experts: Int, inner: Int,
    _ shape: DecoderShape, _ activation: Activation, _ weights: ModelWeights, shared: SharedExpert? = nil,
    hasGates: Bool = true
  ) throws {
    let stack = ExpertStack(
      prefix: prefix + "experts.", experts: experts, hidden: shape.hidden, inner: inner,
      share: Double(routing.count) / Double(experts))
    self.init(
      router: try weights.linear(prefix + router, inputs: shape.hidden, outputs: experts), routing: routing,
      experts: ExpertLayers(
        input: hasGates ? try stack.input(weights) : .single(try stack.up(weights)),
        down: try stack.down(weights), activation: activation),
      shared: shared)
  }
}

/// The expert that processes every token, weighted by the sigmoid of a gate if it has one.
struct SharedExpert {
  let feedForward: GatedFeedForward
  /// [1, hidden].
  let gate: Linear?

  /// The linear layers that take the block's input.
  var inputs: [Linear] { feedForward.inputs + (gate.map { [$0] } ?? []) }

  /// The expert's output plus `residual`, from the concatenated outputs of `inputs`.
  func finish(_ x: Tensor, adding residual: Tensor?, on backend: any Backend) -> Tensor {
    let inner = feedForward.down.weight.columns
    var hidden = backend.gated(backend.columns(x, 0..<2 * inner), feedForward.activation)
    if gate != nil {
      // The gate is one factor per row, so it can be applied before the down projection.
      hidden = backend.gated(hidden, by: backend.columns(x, 2 * inner..<2 * inner + 1), .sigmoid)
    }
    return backend.linear(hidden, [feedForward.down], adding: residual)
  }
}

/// Loads the weights of a mixture's experts under the names of different checkpoints.
struct ExpertStack {
  /// The tensors' prefix, up to and including `experts.`.
  let prefix: String
  let experts: Int
  let hidden: Int
  let inner: Int
  /// The fraction of the experts that a token uses.
  let share: Double

  /// Whether the checkpoint uses OpenAI's names, whose layers always have biases.
  private func isOpenAI(_ weights: ModelWeights) -> Bool {
    weights.contains(prefix + "gate_up_proj") && weights.contains(prefix + "gate_up_proj_bias")
  }

  /// The tensors of stacks whose gate's rows precede those of the up projection: transformers' names for the newest
  /// models, and Granite's, without `experts.`.
  private func fused(_ weights: ModelWeights) -> (input: String, down: String)? {
    let granite = prefix.dropLast("experts.".count)
    return [
      (prefix + "gate_up_proj", prefix + "down_proj"),
      (granite + "input_linear.weight", granite + "output_linear.weight"),
    ].first { weights.contains($0.0) }
  }

  /// Gate and up projection: one interleaved stack (OpenAI), one with the gate's rows first, or two (most models).
  func input(_ weights: ModelWeights) throws -> ExpertLayers.Input {
    if isOpenAI(weights) {
      return .interleaved(try weights.openAIStack(prefix + "gate_up_proj", experts, 2 * inner, hidden, share))
    }
    if let fused = fused(weights) {
      let extents = [experts, 2 * inner, hidden]
      return .separate(
        gate: try weights.stack(fused.input, extents, rows: 0..<inner, share),
        up: try weights.stack(fused.input, extents, rows: inner..<2 * inner, share))
    }
    return .separate(
      gate: try weights.expertStack(prefix, "gate_proj", experts, inner, hidden, share),
      up: try weights.expertStack(prefix, "up_proj", experts, inner, hidden, share))
  }

  /// The up projection of experts without gates.
  func up(_ weights: ModelWeights) throws -> Linear {
    try weights.expertStack(prefix, "up_proj", experts, inner, hidden, share)
  }

  /// The down projection.
  func down(_ weights: ModelWeights) throws -> Linear {
    if isOpenAI(weights) {
      return try weights.openAIStack(prefix + "down_proj", experts, hidden, inner, share)
    }
    if let fused = fused(weights) {
      return try weights.stack(fused.down, [experts, hidden, inner], rows: 0..<hidden, share)
    }
    return try weights.expertStack(prefix, "down_proj", experts, hidden, inner, share)
  }
}
