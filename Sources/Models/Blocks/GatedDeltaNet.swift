import Compute

/// The gated delta net of Qwen3-Next and Qwen3.5: projections, a causal convolution over queries, keys and values, the gated
/// delta rule (arXiv:2412.06464), a norm of each head gated by silu(z), output projection.
package struct GatedDeltaNet: BlockBody {
  /// Queries, keys, values, z, b (beta) and a (decay), in this order, in two, four or six layers.
  let projections: [Linear]
  let convolution: (weight: Parameter, bias: Parameter?)
  let norm: RMSNorm
  let output: Linear
  let settings: GatedDeltaSettings
  private let state: RecurrentShape

  /// Loads `in_proj_qkvz` and `in_proj_ba` or Qwen3.5's four projections, `conv1d`, `A_log`, `dt_bias`, `norm` and `out_proj` below `prefix`.
  init(
    _ prefix: String, _ configuration: ModelConfiguration, _ shape: DecoderShape, _ weights: ModelWeights
  ) throws {
    let sizes = try DeltaSizes(configuration)
    projections = try Self.projections(prefix, sizes, hidden: shape.hidden, weights)
    state = sizes.state
    convolution = try weights.convolution(prefix + "conv1d", channels: state.channels, taps: state.taps)
    norm = try weights.norm(prefix + "norm", shape, size: sizes.valueSize)
    output = try weights.linear(
      prefix + "out_proj", inputs: sizes.valueHeads * sizes.valueSize, outputs: shape.hidden)
    var settings = GatedDeltaSettings(
      keyHeads: sizes.keyHeads, valueHeads: sizes.valueHeads, keySize: sizes.keySize,
      valueSize: sizes.valueSize, logDecay: try weights.parameter(prefix + "A_log", [sizes.valueHeads]),
      bias: try weights.parameter(prefix + "dt_bias", [sizes.valueHeads]))
    settings.tilesValueHeads = try configuration.bool("tiles_value_heads", default: false)
    self.settings = settings
  }

  /// Loads the layers of OLMo Hybrid, which has a tensor for each part, below `prefix`.
  init(
    separate prefix: String, _ configuration: ModelConfiguration, _ shape: DecoderShape,
    _ weights: ModelWeights
  )
    throws
  {
    let sizes = try DeltaSizes(configuration)
    let keys = sizes.keyHeads * sizes.keySize, values = sizes.valueHeads * sizes.valueSize
    projections = try [
      ("q_proj", keys), ("k_proj", keys), ("v_proj", values), ("g_proj", values),
      ("b_proj", sizes.valueHeads),
      ("a_proj", sizes.valueHeads),
    ].map { try weights.linear(prefix + $0.0, inputs: shape.hidden, outputs: $0.1) }
    state = sizes.state
    convolution = (
      weight: try weights.convolution(
        joining: [(prefix + "q_conv1d", keys), (prefix + "k_conv1d", keys), (prefix + "v_conv1d", values)],
        taps: sizes.taps), bias: nil
    )
    norm = try weights.norm(
      prefix + "o_norm", size: sizes.valueSize,
      epsilon: configuration.positive("layer_norm_epsilon", default: 1e-5))
    output = try weights.linear(prefix + "o_proj", inputs: values, outputs: shape.hidden)
    var settings = GatedDeltaSettings(
      keyHeads: sizes.keyHeads, valueHeads: sizes.valueHeads, keySize: sizes.keySize,
      valueSize: sizes.valueSize, logDecay: try weights.parameter(prefix + "A_log", [sizes.valueHeads]),
      bias: try weights.parameter(prefix + "dt_bias", [sizes.valueHeads]))
    settings.writeScale = try configuration.bool("linear_allow_neg_eigval", default: true) ? 2 : 1
    self.settings = settings
  }

  /// For each key head, `in_proj_qkvz` holds its query, its key, its value heads and their z, and `in_proj_ba` its value
  /// heads' b and a.
  private static func projections(
    _ prefix: String, _ sizes: DeltaSizes, hidden: Int, _ weights: ModelWeights
  ) throws -> [Linear] {
    if weights.contains(prefix + "in_proj_qkv.weight") {
      let all = sizes.valueHeads * sizes.valueSize
      var outputs = [("qkv", sizes.state.channels), ("z", all)]
      let isFused = weights.contains(prefix + "in_proj_ba.weight")
      if !isFused { outputs += [("b", sizes.valueHeads), ("a", sizes.valueHeads)] }
      return try outputs.map { try weights.linear(prefix + "in_proj_" + $0, inputs: hidden, outputs: $1) }
        + (isFused ? [strengthsAndDecays(prefix, sizes, hidden: hidden, weights)] : [])
    }
    let values = sizes.group * sizes.valueSize
    return [
      try weights.linear(
        prefix + "in_proj_qkvz", inputs: hidden,
        outputs: sizes.keyHeads * 2 * (sizes.keySize + values),
        rowOrder: rowOrder([sizes.keySize, sizes.keySize, values, values], heads: sizes.keyHeads)),
      try strengthsAndDecays(prefix, sizes, hidden: hidden, weights),
    ]
  }

  private static func strengthsAndDecays(
    _ prefix: String, _ sizes: DeltaSizes, hidden: Int, _ weights: ModelWeights
  ) throws -> Linear {
    try weights.linear(
      prefix + "in_proj_ba", inputs: hidden, outputs: 2 * sizes.valueHeads,
      rowOrder: rowOrder([sizes.group, sizes.group], heads: sizes.keyHeads))
  }

  /// Whether the weights below `prefix` were converted by MLX, whose convolutions are [channels, taps, 1].
  static func isFromMLX(
    _ prefix: String, _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> Bool {
    let state = try DeltaSizes(configuration).state
    return try weights.isConvolutionFromMLX(
      prefix + "conv1d", channels: state.channels, taps: state.taps)
  }

  /// One recurrent cache.
  package var caches: [CacheShape] { [.recurrent(state)] }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let caches = try input.recurrentCaches(slot: slot)
    let projected = backend.linear(x, projections, adding: nil)
    let keys = settings.keyHeads * settings.keySize, values = settings.valueHeads * settings.valueSize
    var start = 0
    func next(_ columns: Int) -> Range<Int> {
      defer { start += columns }
      return start..<start + columns
    }
    let mixed = backend.columns(projected, next(2 * keys + values))
    let gate = backend.columns(projected, next(values))
    let write = backend.columns(projected, next(settings.valueHeads))
    let decay = backend.columns(projected, next(settings.valueHeads))

    let convolved = backend.causalConvolution(
      mixed, weight: convolution.weight, bias: convolution.bias, activation: .silu, caches: caches,
      counts: input.counts)
    let read = try backend.gatedDelta(
      query: backend.columns(convolved, 0..<keys), key: backend.columns(convolved, keys..<2 * keys),
      value: backend.columns(convolved, 2 * keys..<2 * keys + values), decay: decay, write: write,
      caches: caches, counts: input.counts, settings)
    let gated = backend.gatedRMSNorm(
      read, gate: gate, weight: norm.weight, groupSize: settings.valueSize, epsilon: norm.epsilon,
      gateFirst: false)
    return backend.linear(gated, [output], adding: residual)
  }
}

/// The validated sizes of a gated delta net.
private struct DeltaSizes {
  let keyHeads: Int
  let valueHeads: Int
  let keySize: Int
  let valueSize: Int
  let taps: Int

  init(_ configuration: ModelConfiguration) throws {
    keyHeads = try configuration.integer("linear_num_key_heads", 1...65536)
    valueHeads = try configuration.integer("linear_num_value_heads", 1...65536)
    keySize = try configuration.integer("linear_key_head_dim", 1...8192)
    valueSize = try configuration.integer("linear_value_head_dim", 1...8192)
    taps = try configuration.integer("linear_conv_kernel_dim", 1...16)
    guard valueHeads % keyHeads == 0 else {
      throw ModelError.wrongValue(
        key: "linear_num_value_heads", expected: "a multiple of linear_num_key_heads")
    }
  }

  /// Value heads per key head.
  var group: Int { valueHeads / keyHeads }

  var state: RecurrentShape {
    RecurrentShape(
      channels: 2 * keyHeads * keySize + valueHeads * valueSize, taps: taps, heads: valueHeads, rows: keySize,
      columns: valueSize)
  }
}
