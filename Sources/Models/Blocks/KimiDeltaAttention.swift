import Compute

/// Kimi delta attention (arXiv:2510.26692): a causal convolution with SiLU over queries, keys and values; the gated delta
/// rule with a decay for every channel of the keys; a norm of each head, gated by a sigmoid; output projection.
package struct KimiDeltaAttention: BlockBody {
  /// Queries, keys, values, the inputs of decays and of output gates, and the strengths of writes.
  let projections: [Linear]
  /// The second of two low-rank projections; nil where one layer projects directly.
  let decayUp: Linear?
  let gateUp: Linear?
  let convolution: Parameter
  let norm: RMSNorm
  let output: Linear
  let settings: GatedDeltaSettings
  private let state: RecurrentShape

  /// Loads the layers below `prefix` under the names of Kimi, Ling and mlx-lm.
  /// - Parameters:
  ///   - taps: the kernel size of the convolutions.
  ///   - lowerBound: of the decays' logarithms; nil for none.
  init(
    _ prefix: String, heads: Int, headSize: Int, taps: Int, lowerBound: Float?, _ shape: DecoderShape,
    _ weights: ModelWeights
  ) throws {
    let columns = heads * headSize
    func linear(_ name: String, _ outputs: Int, inputs: Int? = nil) throws -> Linear {
      try weights.linear(prefix + name, inputs: inputs ?? shape.hidden, outputs: outputs)
    }
    /// A projection to all columns, or two by way of as many columns as a head has.
    func projection(_ name: String) throws -> (input: Linear, up: Linear?) {
      guard weights.contains(prefix + name + "_a_proj.weight") else {
        return (try linear(name + "_proj", columns), nil)
      }
      return (
        try linear(name + "_a_proj", headSize), try linear(name + "_b_proj", columns, inputs: headSize)
      )
    }
    let decay = try projection("f"), gate = try projection("g")
    projections = [
      try linear("q_proj", columns), try linear("k_proj", columns), try linear("v_proj", columns),
      decay.input, gate.input, try linear("b_proj", heads),
    ]
    decayUp = decay.up
    gateUp = gate.up
    let suffix = weights.contains(prefix + "q_conv.conv.weight") ? "_conv.conv" : "_conv1d"
    convolution = try weights.convolution(
      joining: ["q", "k", "v"].map { (prefix + $0 + suffix, columns) }, taps: taps)
    norm = try weights.norm(prefix + "o_norm", shape, size: headSize)
    output = try linear("o_proj", shape.hidden, inputs: columns)
    var settings = GatedDeltaSettings(
      keyHeads: heads, valueHeads: heads, keySize: headSize, valueSize: headSize,
      logDecay: try weights.vector(prefix + "A_log", heads),
      bias: try weights.vector(prefix + "dt_bias", columns))
    settings.decays = .perChannel(lowerBound: lowerBound)
    self.settings = settings
    state = RecurrentShape(channels: 3 * columns, taps: taps, heads: heads, rows: headSize, columns: headSize)
  }

  /// One recurrent cache.
  package var caches: [CacheShape] { [.recurrent(state)] }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let caches = try input.recurrentCaches(slot: slot)
    let projected = backend.linear(x, projections, adding: nil)
    var start = 0
    func next(_ columns: Int) -> Tensor {
      defer { start += columns }
      return backend.columns(projected, start..<start + columns)
    }
    let columns = output.weight.columns
    let mixed = next(3 * columns)
    var decay = next(projections[3].outputs), gate = next(projections[4].outputs)
    let write = next(settings.valueHeads)
    if let decayUp { decay = backend.linear(decay, [decayUp], adding: nil) }
    if let gateUp { gate = backend.linear(gate, [gateUp], adding: nil) }

    let convolved = backend.causalConvolution(
      mixed, weight: convolution, bias: nil, activation: .silu, caches: caches, counts: input.counts)
    let read = try backend.gatedDelta(
      query: backend.columns(convolved, 0..<columns), key: backend.columns(convolved, columns..<2 * columns),
      value: backend.columns(convolved, 2 * columns..<3 * columns), decay: decay, write: write,
      caches: caches, counts: input.counts, settings)
    let gated = backend.gated(norm(read, on: backend), by: gate, .sigmoid)
    return backend.linear(gated, [output], adding: residual)
  }
}
