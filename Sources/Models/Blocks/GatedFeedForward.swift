import Compute

/// down(activation(gate x) * up x), the feed-forward block of Llama and most later models.
package struct GatedFeedForward: BlockBody {
  /// The gate's and the up projection's outputs, in one layer or in two.
  let inputs: [Linear]
  let down: Linear
  let activation: Activation

  /// Loads `gate_proj`, `up_proj` and `down_proj` below `prefix`, or a layer that fuses the first two.
  /// - Parameters:
  ///   - inner: the number of inner columns if it is not `shape.intermediate`.
  ///   - names: the names of the fused layer and of the down projection.
  package init(
    _ prefix: String, _ shape: DecoderShape, _ activation: Activation, _ weights: ModelWeights,
    inner: Int? = nil, names: (fused: String, down: String) = ("gate_up_proj", "down_proj")
  ) throws {
    let inner = inner ?? shape.intermediate
    if weights.contains(prefix + names.fused + ".weight") {
      inputs = [try weights.linear(prefix + names.fused, inputs: shape.hidden, outputs: 2 * inner)]
    } else {
      inputs = [
        try weights.linear(prefix + "gate_proj", inputs: shape.hidden, outputs: inner),
        try weights.linear(prefix + "up_proj", inputs: shape.hidden, outputs: inner),
      ]
    }
    down = try weights.linear(prefix + names.down, inputs: inner, outputs: shape.hidden)
    self.activation = activation
  }

  /// - Parameter residual: added to the result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let hidden = backend.gated(backend.linear(x, inputs, adding: nil), activation)
    return backend.linear(hidden, [down], adding: residual)
  }
}
