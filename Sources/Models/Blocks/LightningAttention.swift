import Compute
import Foundation

/// Lightning attention (arXiv:2401.04658): linear attention with a constant decay per head. For each head with state S,
/// token by token: S = exp(-slope) S + k vᵀ, and the output is Sᵀ q / sqrt(head size); then a norm of groups of columns,
/// gated by a sigmoid.
///
/// It is the scan of a state space whose B are the keys, whose C are the queries and whose steps are 1.
package struct LightningAttention: BlockBody {
  /// Queries, keys and values in one layer, and the output gates.
  let projections: [Linear]
  let headNorms: (query: RMSNorm, key: RMSNorm)?
  /// nil for no position embeddings (MiniMax).
  let rotary: RotaryTable?
  /// Of queries, keys and values (MiniMax).
  let activation: Activation?
  /// The factor on the queries.
  let scale: Float
  let settings: StateSpaceSettings
  /// Over groups of `groupSize` columns.
  let norm: (weight: Parameter, groupSize: Int, epsilon: Float)
  let output: Linear

  /// Loads `query_key_value`, `g_proj`, `g_norm`, `dense` and, if heads are normed, `query_layernorm` and
  /// `key_layernorm` below `prefix` (Ring).
  /// - Parameters:
  ///   - index: the layer's; deeper layers decay more slowly.
  ///   - groups: the number of groups of the norm; a divisor of the heads' columns.
  init(
    _ prefix: String, index: Int, _ shape: DecoderShape, rotary: RotaryTable, normsHeads: Bool, groups: Int,
    _ weights: ModelWeights
  ) throws {
    let (heads, size) = (shape.heads, shape.headSize), columns = heads * size
    guard columns % groups == 0 else {
      throw ModelError.wrongValue(key: "group_norm_size", expected: "a divisor of \(columns) columns")
    }
    projections = [
      try weights.linear(prefix + "query_key_value", inputs: shape.hidden, outputs: 3 * columns),
      try weights.linear(prefix + "g_proj", inputs: shape.hidden, outputs: columns),
    ]
    headNorms =
      normsHeads
      ? (
        try weights.norm(prefix + "query_layernorm", shape, size: size),
        try weights.norm(prefix + "key_layernorm", shape, size: size)
      ) : nil
    self.rotary = rotary
    activation = nil
    scale = 1 / Float(size).squareRoot()
    norm = (
      try weights.vector(prefix + "g_norm.weight", columns), columns / groups, Float(shape.epsilon)
    )
    output = try weights.linear(prefix + "dense", inputs: columns, outputs: shape.hidden)
    settings = try Self.settings(
      slopes: Self.slopes(heads: heads), size: size, index: index, layers: shape.layers, weights)
  }

  /// Loads `qkv_proj`, `output_gate`, `norm` and `out_proj` below `prefix` (MiniMax): queries, keys and values have an
  /// activation and no position embeddings.
  init(
    miniMax prefix: String, index: Int, _ shape: DecoderShape, _ activation: Activation,
    _ weights: ModelWeights
  ) throws {
    let (heads, size) = (shape.heads, shape.headSize), columns = heads * size
    projections = [
      try weights.linear(
        prefix + "qkv_proj", inputs: shape.hidden, outputs: 3 * columns,
        rowOrder: rowOrder([size, size, size], heads: heads)),
      try weights.linear(prefix + "output_gate", inputs: shape.hidden, outputs: columns),
    ]
    headNorms = nil
    rotary = nil
    self.activation = activation
    scale = 1
    // The epsilon is not that of the configuration.
    norm = (try weights.vector(prefix + "norm.weight", columns), columns, 1e-6)
    output = try weights.linear(prefix + "out_proj", inputs: columns, outputs: shape.hidden)
    let slopes = (1...heads).map { pow(2, -8 * Double($0) / Double(heads)) }
    settings = try Self.settings(
      slopes: slopes, size: size, index: index, layers: shape.layers, weights)
  }

  /// The scan's parameters: deeper layers decay more slowly.
  private static func settings(
    slopes: [Double], size: Int, index: Int, layers: Int, _ weights: ModelWeights
  ) throws -> StateSpaceSettings {
    let depth = 1 - Double(index) / Double(max(1, layers - 1)) + 1e-5
    return StateSpaceSettings(
      heads: slopes.count, headSize: size, groups: slopes.count, stateSize: size,
      logRate: try weights.vector(slopes.map { Float(log($0 * depth)) }),
      stepBias: try weights.vector([Float](repeating: 0, count: slopes.count)), stepLimits: 1...1)
  }

  /// The slopes of ALiBi (arXiv:2108.12409): a geometric sequence; for a number of heads that is not a power of two, every
  /// other slope of the next one fills up.
  package static func slopes(heads: Int) -> [Double] {
    func sequence(_ count: Int) -> [Double] {
      let ratio = pow(2, -8 / Double(count))
      return (1...count).map { pow(ratio, Double($0)) }
    }
    var power = 1
    while 2 * power <= heads { power *= 2 }
    let more = sequence(2 * power).enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    return sequence(power) + more.prefix(heads - power)
  }

  /// One recurrent cache without a convolution.
  package var caches: [CacheShape] { [.recurrent(settings.cacheShape(channels: 0, taps: 1))] }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let columns = settings.heads * settings.headSize
    let projected = backend.linear(x, projections, adding: nil)
    var mixed = backend.columns(projected, 0..<3 * columns)
    if let activation { mixed = backend.activated(mixed, activation) }
    var queries = backend.columns(mixed, 0..<columns)
    var keys = backend.columns(mixed, columns..<2 * columns)
    if let headNorms {
      queries = headNorms.query(queries, on: backend)
      keys = headNorms.key(keys, on: backend)
    }
    if let rotary {
      queries = backend.rotary(queries, rotary, positions: input.positions)
      keys = backend.rotary(keys, rotary, positions: input.positions)
    }
    if scale != 1 { queries = backend.scaled(queries, by: scale, softcap: nil) }
    // The steps' limits make every step 1.
    let steps = backend.tensor(
      [Float](repeating: 0, count: x.rows * settings.heads), columns: settings.heads)
    let scanned = backend.stateSpaceScan(
      backend.columns(mixed, 2 * columns..<3 * columns), b: keys, c: queries, steps: steps, settings,
      caches: try input.recurrentCaches(slot: slot), counts: input.counts)
    let normed = backend.rmsNorm(
      scanned, weight: norm.weight, groupSize: norm.groupSize, epsilon: norm.epsilon, offset: 0)
    let gate = backend.columns(projected, 3 * columns..<projected.columns)
    return backend.linear(backend.gated(normed, by: gate, .sigmoid), [output], adding: residual)
  }
}
