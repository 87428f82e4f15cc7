import Compute

/// The mixer of Mamba-2 (arXiv:2405.21060): an input projection to gate, inputs, B, C and steps; a causal convolution
/// with SiLU over inputs, B and C; the selective scan; a gated norm of each group; an output projection.
package struct StateSpaceMixer: BlockBody {
  let projection: Linear
  let convolution: (weight: Parameter, bias: Parameter?)
  let settings: StateSpaceSettings
  /// nil if the output is gated without a norm (Falcon-H1).
  let norm: RMSNorm?
  let output: Linear
  private let shape: StateSpaceShape
  private let variant: StateSpaceVariant

  /// Loads `in_proj`, `conv1d`, `A_log`, `D`, `dt_bias`, `norm` and `out_proj` below `prefix`.
  package init(
    _ prefix: String, _ shape: StateSpaceShape, epsilon: Double, _ weights: ModelWeights,
    _ variant: StateSpaceVariant = StateSpaceVariant()
  ) throws {
    self.shape = shape
    self.variant = variant
    projection = try weights.linear(
      prefix + "in_proj", inputs: shape.hidden, outputs: shape.inner + shape.channels + shape.heads)
    convolution = try weights.convolution(
      prefix + "conv1d", channels: shape.channels, taps: shape.taps,
      factors: variant.factors?.ofChannels(shape))
    settings = StateSpaceSettings(
      heads: shape.heads, headSize: shape.headSize, groups: shape.groups, stateSize: shape.stateSize,
      logRate: try weights.vector(prefix + "A_log", shape.heads),
      stepBias: try weights.vector(prefix + "dt_bias", shape.heads),
      skip: try weights.vector(prefix + "D", shape.heads), stepLimits: shape.stepLimits)
    norm =
      variant.normalises
      ? RMSNorm(weight: try weights.vector(prefix + "norm.weight", shape.inner), epsilon: Float(epsilon))
      : nil
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
    let gate = scaled(backend.columns(projected, 0..<inner), by: variant.factors?.gate, on: backend)
    let inputs = backend.columns(projected, inner..<inner + channels)
    let steps = scaled(
      backend.columns(projected, inner + channels..<projected.columns), by: variant.factors?.steps,
      on: backend)
    let gatesScan = norm == nil || variant.gatesFirst
    if input.counts.allSatisfy({ $0 == 1 }), let stepping = backend as? any StateSpaceStepBackend,
      let scanned = stepping.stateSpaceStep(
        StateSpaceStep(
          channels: inputs, gate: gatesScan ? gate : nil, steps: steps, weight: convolution.weight,
          bias: convolution.bias), settings, caches: caches)
    {
      let normed = norm.map {
        gatesScan ? normalized(scanned, $0, on: backend) : gated(scanned, by: gate, $0, on: backend)
      }
      return backend.linear(normed ?? scanned, [output], adding: residual)
    }
    let convolved = backend.causalConvolution(
      inputs, weight: convolution.weight, bias: convolution.bias, activation: .silu, caches: caches,
      counts: input.counts)
    let scanned = backend.stateSpaceScan(
      backend.columns(convolved, 0..<inner), b: backend.columns(convolved, inner..<inner + shared),
      c: backend.columns(convolved, inner + shared..<channels), steps: steps, settings, caches: caches,
      counts: input.counts)
    guard let norm else {
      return backend.linear(backend.gated(scanned, by: gate, .silu), [output], adding: residual)
    }
    return backend.linear(gated(scanned, by: gate, norm, on: backend), [output], adding: residual)
  }

  private func gated(_ x: Tensor, by gate: Tensor, _ norm: RMSNorm, on backend: any Backend) -> Tensor {
    backend.gatedRMSNorm(
      x, gate: gate, weight: norm.weight, groupSize: shape.inner / shape.groups, epsilon: norm.epsilon,
      gateFirst: variant.gatesFirst)
  }

  /// The norm of what is gated already.
  private func normalized(_ x: Tensor, _ norm: RMSNorm, on backend: any Backend) -> Tensor {
    backend.rmsNorm(
      x, weight: norm.weight, groupSize: shape.inner / shape.groups, epsilon: norm.epsilon, offset: 0)
  }

  private func scaled(_ x: Tensor, by factor: Float?, on backend: any Backend) -> Tensor {
    guard let factor, factor != 1 else { return x }
    return backend.scaled(x, by: factor, softcap: nil)
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

/// What differs between the models that have a `StateSpaceMixer`.
package struct StateSpaceVariant {
  /// Whether the output is normalised, and whether it is gated before or after that.
  var normalises = true
  var gatesFirst = true
  /// Factors on the parts of the input projection's output; nil for none (Falcon-H1).
  var factors: Factors?

  /// A gated norm and no factors.
  package init() {}

  /// Factors on the parts of a projection.
  struct Factors {
    let gate, inputs, b, c, steps: Float

    /// The factors on the convolution's channels, which its weights take.
    func ofChannels(_ shape: StateSpaceShape) -> [Float] {
      let shared = shape.groups * shape.stateSize
      return Array(repeating: inputs, count: shape.inner) + Array(repeating: b, count: shared)
        + Array(repeating: c, count: shared)
    }
  }
}
