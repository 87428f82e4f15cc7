import Compute

/// down(activation(up x)), the feed-forward block without a gate of GPT-2, GPT-NeoX, Phi and Nemotron.
package struct FeedForward: BlockBody {
  let up: Linear
  let down: Linear
  let activation: Activation

  /// Loads the two layers below `prefix`, with biases if the file has them.
  /// - Parameters:
  ///   - inner: the number of inner columns if it is not `shape.intermediate`.
  ///   - names: the names of the two layers.
  package init(
    _ prefix: String, _ shape: DecoderShape, _ activation: Activation, _ weights: ModelWeights,
    inner: Int? = nil, names: (up: String, down: String) = ("up_proj", "down_proj")
  ) throws {
    let inner = inner ?? shape.intermediate
    up = try weights.linear(prefix + names.up, inputs: shape.hidden, outputs: inner)
    down = try weights.linear(prefix + names.down, inputs: inner, outputs: shape.hidden)
    self.activation = activation
  }

  /// - Parameter residual: added to the result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let hidden = backend.activated(backend.linear(x, [up], adding: nil), activation)
    return backend.linear(hidden, [down], adding: residual)
  }
}
