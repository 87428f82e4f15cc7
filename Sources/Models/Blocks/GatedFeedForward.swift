import Compute

/// down(activation(gate x) * up x), the feed-forward block of Llama and most later models.
package struct GatedFeedForward: BlockBody {
  /// The gate's and the up projection's outputs, in one layer or in two.
  let inputs: [Linear]
  let down: Linear
  let activation: Activation
  /// Factor on the gate before the activation (Falcon-H1).
  var gateScale: Float = 1
  /// Norm of the inner columns, before the down projection (BitNet).
  var innerNorm: (any Norm)?

  /// Loads `gate_proj`, `up_proj` and `down_proj` below `prefix`, or `w1`, `w3` and `w2`, or a layer that fuses the first
  /// two.
  /// - Parameters:
  ///   - inner: the number of inner columns if it is not `shape.intermediate`.
  ///   - names: the names of the fused layer and of the down projection.
  package init(
    _ prefix: String, _ shape: DecoderShape, _ activation: Activation, _ weights: ModelWeights,
    inner: Int? = nil, names: (fused: String, down: String) = ("gate_up_proj", "down_proj")
  ) throws {
    let inner = inner ?? shape.intermediate
    let isNumbered = weights.contains(prefix + "w1.weight")
    if weights.contains(prefix + names.fused + ".weight") {
      inputs = [try weights.linear(prefix + names.fused, inputs: shape.hidden, outputs: 2 * inner)]
    } else {
      inputs = [
        try weights.linear(prefix + (isNumbered ? "w1" : "gate_proj"), inputs: shape.hidden, outputs: inner),
        try weights.linear(prefix + (isNumbered ? "w3" : "up_proj"), inputs: shape.hidden, outputs: inner),
      ]
    }
    down = try weights.linear(prefix + (isNumbered ? "w2" : names.down), inputs: inner, outputs: shape.hidden)
    self.activation = activation
  }

  /// - Parameter residual: added to the result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let projected = backend.linear(x, inputs, adding: nil)
    var hidden: Tensor
    if gateScale == 1 {
      hidden = backend.gated(projected, activation)
    } else {
      let inner = projected.columns / 2
      let gate = backend.scaled(backend.columns(projected, 0..<inner), by: gateScale, softcap: nil)
      hidden = backend.gated(backend.columns(projected, inner..<2 * inner), by: gate, activation)
    }
    if let innerNorm { hidden = innerNorm(hidden, on: backend) }
    return backend.linear(hidden, [down], adding: residual)
  }
}
