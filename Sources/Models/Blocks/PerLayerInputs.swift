import Compute

/// Per-layer embeddings (Gemma 3n and 4): a small vector for each token and layer, from a table of its own and from the
/// token's embedding. `PerLayerGate` adds a layer's vectors to the residual stream.
struct PerLayerInputs {
  /// [vocabulary, layers * width].
  let table: Parameter
  /// From an embedding to [layers * width].
  let projection: Linear
  /// Norm of each layer's vector.
  let norm: RMSNorm
  let width: Int
  /// Whether tokens lack a vector.
  private let isPartial: Bool

  /// Loads `embed_tokens_per_layer`, `per_layer_model_projection` and `per_layer_projection_norm`.
  init(_ prefix: String, width: Int, vocabulary: Int, _ shape: DecoderShape, _ weights: ModelWeights) throws {
    let all = shape.layers * width
    table = try weights.parameter(prefix + "embed_tokens_per_layer.weight", [vocabulary, all])
    projection = try weights.linear(
      prefix + "per_layer_model_projection", inputs: shape.hidden, outputs: all)
    norm = try weights.norm(prefix + "per_layer_projection_norm", shape, size: width)
    self.width = width
    isPartial = vocabulary < shape.vocabulary
  }

  /// The vectors of all layers: [rows, layers * width].
  /// - Parameter embeddings: of the tokens, [rows, hidden].
  func callAsFunction(_ embeddings: Tensor, _ input: ForwardInput, on backend: any Backend) -> Tensor {
    let projected = backend.scaled(
      backend.linear(embeddings, [projection], adding: nil),
      by: 1 / Float(embeddings.columns).squareRoot(), softcap: nil)
    let own = backend.embedding(
      known(input.tokens, on: backend), table: table, scale: Float(width).squareRoot())
    let sum = backend.add(norm(projected, on: backend), own, scale: 1)
    return backend.scaled(sum, by: Float(0.5).squareRoot(), softcap: nil)
  }

  /// The tokens, with 0 for those that the table does not have.
  private func known(_ tokens: Tokens, on backend: any Backend) -> Tokens {
    guard isPartial else { return tokens }
    return Tokens(backend.ids(tokens).map { $0 < table.rows ? $0 : 0 })
  }
}

/// projection(activation(gate x) * the layer's vector).
struct PerLayerGate: BlockBody {
  let gate: Linear
  let projection: Linear
  let activation: Activation
  let columns: Range<Int>

  /// Loads `per_layer_input_gate` and `per_layer_projection` of layer `index`.
  init(
    _ prefix: String, _ index: Int, width: Int, _ shape: DecoderShape, _ activation: Activation,
    _ weights: ModelWeights
  ) throws {
    gate = try weights.linear(prefix + "per_layer_input_gate", inputs: shape.hidden, outputs: width)
    projection = try weights.linear(prefix + "per_layer_projection", inputs: width, outputs: shape.hidden)
    self.activation = activation
    columns = index * width..<(index + 1) * width
  }

  /// - Parameter residual: added to the result.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    guard let perLayer = input.perLayer else { preconditionFailure("a decoder without per-layer embeddings") }
    let own = backend.columns(perLayer, columns)
    let gated = backend.gated(own, by: backend.linear(x, [gate], adding: nil), activation)
    return backend.linear(gated, [projection], adding: residual)
  }
}
