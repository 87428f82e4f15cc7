import Compute

/// down(activation(gate x) * up x), the feed-forward block of Llama and most later models.
package struct GatedFeedForward: BlockBody {
  let gate: Linear
  let up: Linear
  let down: Linear
  let activation: Activation

  /// Loads `gate_proj`, `up_proj` and `down_proj` below `prefix`.
  /// - Parameter inner: the number of inner columns if it is not `shape.intermediate`.
  package init(
    _ prefix: String, _ shape: DecoderShape, _ activation: Activation, _ weights: ModelWeights,
    inner: Int? = nil
  ) throws {
    let inner = inner ?? shape.intermediate
    gate = try weights.linear(prefix + "gate_proj", inputs: shape.hidden, outputs: inner)
    up = try weights.linear(prefix + "up_proj", inputs: shape.hidden, outputs: inner)
    down = try weights.linear(prefix + "down_proj", inputs: inner, outputs: shape.hidden)
    self.activation = activation
  }

  /// - Parameter residual: added to the result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let hidden = backend.gated(backend.linear(x, [gate, up], adding: nil), activation)
    return backend.linear(hidden, [down], adding: residual)
  }
}
