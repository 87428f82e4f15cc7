import Compute

/// The recurrent block of Griffin (arXiv:2402.19427): a causal convolution and the RG-LRU on one branch, a gate with
/// gelu on the other, an output projection.
struct RealGatedMixer: BlockBody {
  /// The recurrence's inputs and the gate.
  let projections: [Linear]
  let convolution: (weight: Parameter, bias: Parameter?)
  let settings: RealGatedRecurrenceSettings
  let activation: Activation
  let output: Linear
  private let taps: Int

  /// Loads `linear_x`, `linear_y`, `conv_1d`, `rg_lru` and `linear_out` below `prefix`.
  /// - Parameter inner: the columns of the recurrence, a multiple of the heads.
  init(
    _ prefix: String, _ shape: DecoderShape, inner: Int, taps: Int, _ activation: Activation,
    _ weights: ModelWeights
  ) throws {
    let block = inner / shape.heads
    self.activation = activation
    self.taps = taps
    projections = [
      try weights.linear(prefix + "linear_x", inputs: shape.hidden, outputs: inner),
      try weights.linear(prefix + "linear_y", inputs: shape.hidden, outputs: inner),
    ]
    convolution = try weights.convolution(prefix + "conv_1d", channels: inner, taps: taps)
    let unit = prefix + "rg_lru."
    func gate(_ name: String) throws -> (weight: Parameter, bias: Parameter) {
      (
        try weights.vector(unit + name + "_gate_weight", inner * block),
        try weights.vector(unit + name + "_gate_bias", inner)
      )
    }
    settings = RealGatedRecurrenceSettings(
      heads: shape.heads, columns: block, input: try gate("input"), recurrence: try gate("recurrent"),
      rate: try weights.vector(unit + "recurrent_param", inner))
    output = try weights.linear(prefix + "linear_out", inputs: inner, outputs: shape.hidden)
  }

  /// One recurrent cache.
  var caches: [CacheShape] { [.recurrent(settings.cacheShape(taps: taps))] }

  /// - Parameter residual: added to the output projection's result.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let inner = settings.heads * settings.columns
    let caches = try input.recurrentCaches(slot: slot)
    let projected = backend.linear(x, projections, adding: nil)
    let convolved = backend.causalConvolution(
      backend.columns(projected, 0..<inner), weight: convolution.weight, bias: convolution.bias,
      activation: nil, caches: caches, counts: input.counts)
    let states = backend.realGatedRecurrence(convolved, settings, caches: caches, counts: input.counts)
    let gated = backend.gated(states, by: backend.columns(projected, inner..<2 * inner), activation)
    return backend.linear(gated, [output], adding: residual)
  }
}
