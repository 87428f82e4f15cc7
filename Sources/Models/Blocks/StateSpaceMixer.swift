import Compute

/// The mixer of Mamba-2 (arXiv:2405.21060): an input projection to gate, inputs, B, C and steps; a causal convolution
/// with SiLU over inputs, B and C; the selective scan; a gated norm of each group; an output projection.
package struct StateSpaceMixer: BlockBody {
  let projection: Linear
  let convolution: (weight: Parameter, bias: Parameter?)
  let settings: StateSpaceSettings
  let norm: RMSNorm
  let output: Linear
  private let shape: StateSpaceShape

  /// Loads `in_proj`, `conv1d`, `A_log`, `D`, `dt_bias`, `norm` and `out_proj` below `prefix`.
  package init(_ prefix: String, _ shape: StateSpaceShape, epsilon: Double, _ weights: ModelWeights) throws {
    self.shape = shape
    projection = try weights.linear(
      prefix + "in_proj", inputs: shape.hidden, outputs: shape.inner + shape.channels + shape.heads)
    convolution = try weights.convolution(prefix + "conv1d", channels: shape.channels, taps: shape.taps)
    settings = StateSpaceSettings(
      heads: shape.heads, headSize: shape.headSize, groups: shape.groups, stateSize: shape.stateSize,
      logRate: try weights.vector(prefix + "A_log", shape.heads),
      stepBias: try weights.vector(prefix + "dt_bias", shape.heads),
      skip: try weights.vector(prefix + "D", shape.heads), stepLimits: shape.stepLimits)
    norm = RMSNorm(weight: try weights.vector(prefix + "norm.weight", shape.inner), epsilon: Float(epsilon))
    output = try weights.linear(prefix + "out_proj", inputs: shape.inner, outputs: shape.hidden)
  }

  /// One recurrent cache.
  package var caches: [CacheShape] {
    [.recurrent(settings.cacheShape(channels: shape.channels, taps: shape.taps))]
  }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let (inner, channels, shared) = (shape.inner, shape.channels, shape.groups * shape.stateSize)
    let caches = try input.recurrentCaches(slot: slot)
    let projected = backend.linear(x, [projection], adding: nil)
    let convolved = backend.causalConvolution(
      backend.columns(projected, inner..<inner + channels), weight: convolution.weight,
      bias: convolution.bias, activation: .silu, caches: caches, counts: input.counts)
    let scanned = backend.stateSpaceScan(
      backend.columns(convolved, 0..<inner), b: backend.columns(convolved, inner..<inner + shared),
      c: backend.columns(convolved, inner + shared..<channels),
      steps: backend.columns(projected, inner + channels..<projected.columns), settings, caches: caches,
      counts: input.counts)
    let normed = backend.gatedRMSNorm(
      scanned, gate: backend.columns(projected, 0..<inner), weight: norm.weight,
      groupSize: inner / shape.groups, epsilon: norm.epsilon, gateFirst: true)
    return backend.linear(normed, [output], adding: residual)
  }
}

/// The sizes of a `StateSpaceMixer`.
package struct StateSpaceShape {
  let hidden: Int
  let heads: Int
  let headSize: Int
  /// Groups of B, C and the norm; a divisor of `heads`.
  let groups: Int
  let stateSize: Int
  /// The kernel size of the convolution.
  let taps: Int
  /// The range that steps are clamped to.
  let stepLimits: ClosedRange<Float>

  /// Creates a shape. The groups must divide the heads.
  package init(
    hidden: Int, heads: Int, headSize: Int, groups: Int, stateSize: Int, taps: Int,
    stepLimits: ClosedRange<Float> = 0...Float.infinity
  ) {
    self.hidden = hidden
    self.heads = heads
    self.headSize = headSize
    self.groups = groups
    self.stateSize = stateSize
    self.taps = taps
    self.stepLimits = stepLimits
  }

  /// Columns of all heads.
  var inner: Int { heads * headSize }
  /// Channels of the convolution: the heads' inputs, B and C.
  var channels: Int { inner + 2 * groups * stateSize }
}
