import Compute

/// The mixer of PLaMo 2: Mamba-2's scan with one group, whose B, C and steps are projected from the convolution's result and
/// normalised, as in Jamba.
struct PLaMoMixer: BlockBody {
  /// Inputs and gate, of all heads each.
  let projection: Linear
  let convolution: (weight: Parameter, bias: Parameter?)
  /// From the convolution's result to B, C and low-rank steps.
  let parameters: Linear
  /// From the low-rank steps to those of the heads.
  let steps: Linear
  let norms: (b: RMSNorm, c: RMSNorm, steps: RMSNorm)
  let settings: StateSpaceSettings
  let output: Linear
  private let shape: StateSpaceShape

  /// Loads `in_proj`, `conv1d`, `bcdt_proj`, `dt_proj`, `A_log`, `D`, `dt_bias`, the norms and `out_proj` below `prefix`.
  init(_ prefix: String, _ shape: StateSpaceShape, epsilon: Double, _ weights: ModelWeights) throws {
    self.shape = shape
    let rank = max(64, shape.hidden / 16)
    let head = rowOrder([shape.headSize, shape.headSize], heads: shape.heads)
    projection = try weights.linear(
      prefix + "in_proj", inputs: shape.hidden, outputs: 2 * shape.inner,
      // The file alternates the gate and the inputs of each head.
      rowOrder: Array(head[shape.heads...] + head[..<shape.heads]))
    convolution = try weights.convolution(prefix + "conv1d", channels: shape.inner, taps: shape.taps)
    parameters = try weights.linear(
      prefix + "bcdt_proj", inputs: shape.inner, outputs: 2 * shape.stateSize + rank)
    steps = try weights.linear(prefix + "dt_proj", inputs: rank, outputs: shape.heads)
    func norm(_ name: String, _ size: Int) throws -> RMSNorm {
      RMSNorm(weight: try weights.vector(prefix + name, size), epsilon: Float(epsilon))
    }
    norms = (
      try norm("B_norm_weight", shape.stateSize), try norm("C_norm_weight", shape.stateSize),
      try norm("dt_norm_weight", rank)
    )
    settings = StateSpaceSettings(
      heads: shape.heads, headSize: shape.headSize, groups: 1, stateSize: shape.stateSize,
      logRate: try weights.vector(prefix + "A_log", shape.heads),
      stepBias: try weights.vector(prefix + "dt_bias", shape.heads),
      skip: try weights.vector(prefix + "D", shape.heads), stepLimits: shape.stepLimits)
    output = try weights.linear(prefix + "out_proj", inputs: shape.inner, outputs: shape.hidden)
  }

  /// One recurrent cache.
  var caches: [CacheShape] { [.recurrent(settings.cacheShape(channels: shape.inner, taps: shape.taps))] }

  /// - Parameter residual: added to the output projection's result.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let (inner, states) = (shape.inner, shape.stateSize)
    let caches = try input.recurrentCaches(slot: slot)
    let projected = backend.linear(x, [projection], adding: nil)
    let convolved = backend.causalConvolution(
      backend.columns(projected, 0..<inner), weight: convolution.weight, bias: convolution.bias,
      activation: .silu, caches: caches, counts: input.counts)
    let selected = backend.linear(convolved, [parameters], adding: nil)
    let low = norms.steps(backend.columns(selected, 2 * states..<selected.columns), on: backend)
    let scanned = backend.stateSpaceScan(
      convolved, b: norms.b(backend.columns(selected, 0..<states), on: backend),
      c: norms.c(backend.columns(selected, states..<2 * states), on: backend),
      steps: backend.linear(low, [steps], adding: nil), settings, caches: caches, counts: input.counts)
    let gated = backend.gated(scanned, by: backend.columns(projected, inner..<2 * inner), .silu)
    return backend.linear(gated, [output], adding: residual)
  }
}
