import Compute

/// The gated short convolution of LFM2 (arXiv:2511.23404): one projection to B, C and x; a causal convolution over B * x;
/// C times the result; an output projection. Its state is the last inputs of the convolution.
package struct ShortConvolution: BlockBody {
  let projection: Linear
  let convolution: (weight: Parameter, bias: Parameter?)
  let output: Linear
  private let hidden: Int
  private let taps: Int

  /// Loads `in_proj`, `conv` and `out_proj` below `prefix`.
  package init(_ prefix: String, hidden: Int, taps: Int, _ weights: ModelWeights) throws {
    self.hidden = hidden
    self.taps = taps
    projection = try weights.linear(prefix + "in_proj", inputs: hidden, outputs: 3 * hidden)
    convolution = try weights.convolution(prefix + "conv", channels: hidden, taps: taps)
    output = try weights.linear(prefix + "out_proj", inputs: hidden, outputs: hidden)
  }

  /// One recurrent cache, of the convolution alone.
  package var caches: [CacheShape] {
    [.recurrent(RecurrentShape(channels: hidden, taps: taps, heads: 0, rows: 0, columns: 0))]
  }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let caches = try input.recurrentCaches(slot: slot)
    let projected = backend.linear(x, [projection], adding: nil)
    func part(_ index: Int) -> Tensor { backend.columns(projected, index * hidden..<(index + 1) * hidden) }
    let convolved = backend.causalConvolution(
      backend.gated(part(2), by: part(0), .identity), weight: convolution.weight, bias: convolution.bias,
      activation: nil, caches: caches, counts: input.counts)
    return backend.linear(backend.gated(convolved, by: part(1), .identity), [output], adding: residual)
  }
}
