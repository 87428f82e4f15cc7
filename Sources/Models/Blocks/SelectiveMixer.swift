import Compute

/// The mixer of Mamba (arXiv:2312.00752): an input projection to inputs and gate; a causal convolution with SiLU over the
/// inputs; steps, B and C projected from its result; the selective scan; the gate; an output projection.
package struct SelectiveMixer: BlockBody {
  /// The norms of steps, B and C.
  enum Norms {
    case none
    /// Without learnt weights (Falcon-Mamba).
    case plain(epsilon: Double)
    /// With learnt weights `dt_layernorm`, `b_layernorm` and `c_layernorm` (Jamba).
    case learnt(epsilon: Double)
  }

  let projection: Linear
  let convolution: (weight: Parameter, bias: Parameter?)
  /// From the convolution's result to low-rank steps, B and C.
  let parameters: Linear
  /// From the low-rank steps to those of all channels.
  let steps: Linear
  let norms: (steps: OptionalNorm, b: OptionalNorm, c: OptionalNorm)
  let settings: SelectiveScanSettings
  let output: Linear
  private let shape: SelectiveMixerShape

  /// Loads `in_proj`, `conv1d`, `x_proj`, `dt_proj`, `A_log`, `D`, `out_proj` and the norms below `prefix`.
  init(_ prefix: String, _ shape: SelectiveMixerShape, norms: Norms, _ weights: ModelWeights) throws {
    self.shape = shape
    projection = try weights.linear(prefix + "in_proj", inputs: shape.hidden, outputs: 2 * shape.inner)
    convolution = try weights.convolution(prefix + "conv1d", channels: shape.inner, taps: shape.taps)
    parameters = try weights.linear(
      prefix + "x_proj", inputs: shape.inner, outputs: shape.rank + 2 * shape.stateSize)
    steps = try weights.linear(prefix + "dt_proj", inputs: shape.rank, outputs: shape.inner)
    func norm(_ name: String, _ size: Int) throws -> OptionalNorm {
      switch norms {
      case .none: OptionalNorm()
      case .plain(let epsilon): OptionalNorm(weight: nil, size: size, epsilon: Float(epsilon))
      case .learnt(let epsilon):
        OptionalNorm(
          weight: try weights.vector(prefix + name + ".weight", size), size: size, epsilon: Float(epsilon))
      }
    }
    self.norms = (
      try norm("dt_layernorm", shape.rank), try norm("b_layernorm", shape.stateSize),
      try norm("c_layernorm", shape.stateSize)
    )
    settings = SelectiveScanSettings(
      channels: shape.inner, stateSize: shape.stateSize,
      rate: try weights.backend.parameter(
        weights.stored(prefix + "A_log", [shape.inner, shape.stateSize]).negatedExponential()),
      skip: try weights.vector(prefix + "D", shape.inner))
    output = try weights.linear(prefix + "out_proj", inputs: shape.inner, outputs: shape.hidden)
  }

  /// One recurrent cache.
  package var caches: [CacheShape] { [.recurrent(settings.cacheShape(taps: shape.taps))] }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let (inner, rank, states) = (shape.inner, shape.rank, shape.stateSize)
    let caches = try input.recurrentCaches(slot: slot)
    let projected = backend.linear(x, [projection], adding: nil)
    let convolved = backend.causalConvolution(
      backend.columns(projected, 0..<inner), weight: convolution.weight, bias: convolution.bias,
      activation: .silu, caches: caches, counts: input.counts)
    let selected = backend.linear(convolved, [parameters], adding: nil)
    let low = norms.steps(backend.columns(selected, 0..<rank), on: backend)
    let scanned = backend.selectiveScan(
      convolved, b: norms.b(backend.columns(selected, rank..<rank + states), on: backend),
      c: norms.c(backend.columns(selected, rank + states..<rank + 2 * states), on: backend),
      steps: backend.linear(low, [steps], adding: nil), settings, caches: caches, counts: input.counts)
    let gated = backend.gated(scanned, by: backend.columns(projected, inner..<2 * inner), .silu)
    return backend.linear(gated, [output], adding: residual)
  }
}

/// A root mean square norm that may have no weights, or be absent.
struct OptionalNorm {
  var weight: Parameter?
  /// 0 if there is no norm.
  var size = 0
  var epsilon: Float = 0

  func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    size == 0 ? x : backend.rmsNorm(x, weight: weight, groupSize: size, epsilon: epsilon, offset: 0)
  }
}

/// The sizes of a `SelectiveMixer`.
package struct SelectiveMixerShape {
  let hidden: Int
  /// Channels of the convolution and of the state space.
  let inner: Int
  let stateSize: Int
  /// Columns of the low-rank steps.
  let rank: Int
  /// The kernel size of the convolution.
  let taps: Int
}
