import Compute

/// The first and last layers of a decoder: the embedding table, the final norm and the output head, which may be the
/// embedding table.
package struct EmbeddingAndHead {
  private let embedding: Parameter
  /// Learnt embeddings of positions, [positions, hidden], added to the tokens' (GPT-2).
  private let positions: Parameter?
  /// Computes what each layer receives of the tokens (Gemma 3n and 4).
  var perLayer: PerLayerInputs?
  private let norm: any Norm
  private let head: Linear
  /// Factor on the embeddings (Gemma).
  private let scale: Float
  /// Factor on the logits (Granite, Cohere).
  private let logitScale: Float
  /// cap * tanh(logits / cap) if there is a cap (Gemma).
  private let softcap: Float?

  /// Loads the tensors under the names of most checkpoints.
  /// - Parameter offset: added to the norm's weight.
  package init(
    _ shape: DecoderShape, _ weights: ModelWeights, offset: Float = 0, scale: Float = 1,
    logitScale: Float = 1, softcap: Float? = nil
  ) throws {
    try self.init(
      table: "model.embed_tokens", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("model.norm", shape, offset: offset), weights,
      scale: scale, logitScale: logitScale, softcap: softcap)
  }

  /// Loads the tensors of a checkpoint with other names.
  /// - Parameters:
  ///   - table: the name of the embedding table [vocabulary, hidden].
  ///   - head: the name of the output head.
  ///   - tied: whether the embedding table is also the output head.
  ///   - positions: learnt embeddings of positions, at least as many as the context length.
  package init(
    table: String, head: String = "lm_head", vocabulary: Int, hidden: Int, tied: Bool, norm: any Norm,
    positions: Parameter? = nil, _ weights: ModelWeights, scale: Float = 1, logitScale: Float = 1,
    softcap: Float? = nil
  ) throws {
    (embedding, self.head) = try weights.embeddingAndHead(
      vocabulary: vocabulary, hidden: hidden, tied: tied, table: table, head: head)
    self.positions = positions
    self.norm = norm
    self.scale = scale
    self.logitScale = logitScale
    self.softcap = softcap
  }

  /// The embeddings of the input's tokens: [rows, hidden].
  /// - Throws: `ModelError.unsupported` for a position without a learnt embedding.
  func embed(_ input: ForwardInput, on backend: any Backend) throws(ModelError) -> Tensor {
    let tokens = backend.embedding(input.tokens, table: embedding, scale: scale)
    guard let positions else { return tokens }
    if let last = input.positions.max(), last >= positions.rows {
      throw .unsupported(
        "position \(last) is beyond the \(positions.rows) positions that the model has learnt")
    }
    return backend.add(
      tokens, backend.embedding(Tokens(input.positions), table: positions, scale: 1), scale: 1)
  }

  /// The logits of the last layer's rows: [rows, vocabulary].
  func logits(_ x: Tensor, on backend: any Backend) -> Tensor {
    logits(normed: normed(x, on: backend), on: backend)
  }

  /// The last layer's rows, normed.
  func normed(_ x: Tensor, on backend: any Backend) -> Tensor { norm(x, on: backend) }

  /// The logits of normed rows.
  /// - Parameter limit: see `ForwardInput.vocabularyLimit`.
  func logits(normed x: Tensor, limit: Int? = nil, on backend: any Backend) -> Tensor {
    let logits = backend.linear(x, [head(limit, on: backend)], adding: nil)
    if logitScale == 1, softcap == nil { return logits }
    return backend.scaled(logits, by: logitScale, softcap: softcap)
  }

  /// The head or, where the backend can compute them alone, its first `limit` outputs.
  private func head(_ limit: Int?, on backend: any Backend) -> Linear {
    guard let limit, limit < head.outputs, head.bias == nil,
      let rows = (backend as? any RowLimitingBackend)?.firstRows(limit, of: head.weight)
    else { return head }
    return Linear(weight: rows)
  }
}
