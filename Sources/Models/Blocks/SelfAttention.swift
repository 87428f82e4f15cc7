import Compute

/// Grouped-query attention with rotary embeddings: projections, optional norms of each query and key
/// head, rotation, attention over the layer's cache, output projection.
package struct SelfAttention: BlockBody {
  /// Where keys and values come from.
  package enum KeyValues: Equatable {
    /// Projections and a cache of the layer's own.
    case own
    /// The same without a projection of values: values are keys before their norm and rotation (Gemma 4).
    case valuesFromKeys
    /// The cache of an earlier layer, at this index in a sequence's list (Gemma 3n and 4).
    case shared(slot: Int)
  }

  /// Queries, keys and values in one layer or in three. The output gates of all heads, if any, follow the queries.
  let projections: [Linear]
  let keyValues: KeyValues
  /// Whether the attention's output is multiplied by the sigmoid of a gate.
  let gatesOutput: Bool
  let output: Linear
  /// Norms of each query head and each key head, or of all of them together.
  var headNorms: (query: any Norm, key: any Norm)?
  /// Norm of each value head (Gemma 3n and 4).
  var valueNorm: (any Norm)?
  /// Norm of the result of all heads, before the output projection (BitNet).
  var resultNorm: (any Norm)?
  /// Whether the norms follow the rotation (HunYuan) instead of preceding it.
  var normsRotated = false
  /// The factor on queries by position.
  var queryScale: PositionScale?
  /// nil in layers without position embeddings.
  let rotary: RotaryTable?
  var settings: AttentionSettings

  /// Loads `q_proj`, `k_proj`, `v_proj` and `o_proj` below `prefix`, or a layer that fuses the first three.
  /// - Parameters:
  ///   - window: the sliding window; one of the context length or more has no effect and is dropped.
  ///   - gatesOutput: whether `q_proj` alternates the rows of a head's query and of its gate.
  ///   - keyValues: where keys and values come from; a fused layer has all three.
  ///   - names: the names of the fused layer and of the output projection.
  ///   - fusesByHead: whether the fused layer has the query, the key and the value of each head together (GPT-NeoX).
  package init(
    _ prefix: String, _ shape: DecoderShape, rotary: RotaryTable?, _ weights: ModelWeights,
    scale: Float? = nil, window: Int? = nil, softcap: Float? = nil,
    sinks: Parameter? = nil, gatesOutput: Bool = false, keyValues: KeyValues = .own,
    names: (fused: String, output: String) = ("qkv_proj", "o_proj"), fusesByHead: Bool = false
  ) throws {
    guard shape.heads > 0, shape.keyValueHeads > 0 else {
      throw ModelError.wrongValue(
        key: "num_key_value_heads", expected: "positive in a layer with attention")
    }
    let queryColumns = shape.heads * shape.headSize
    let keyColumns = shape.keyValueHeads * shape.headSize
    func order(parts: Int) -> [Range<Int>] {
      rowOrder(Array(repeating: shape.headSize, count: parts), heads: shape.heads)
    }
    self.gatesOutput = gatesOutput
    self.keyValues = keyValues
    if !gatesOutput, weights.contains(prefix + names.fused + ".weight") {
      projections = [
        try weights.linear(
          prefix + names.fused, inputs: shape.hidden, outputs: queryColumns + 2 * keyColumns,
          rowOrder: fusesByHead ? order(parts: 3) : nil)
      ]
    } else {
      let queries = try weights.linear(
        prefix + "q_proj", inputs: shape.hidden, outputs: gatesOutput ? 2 * queryColumns : queryColumns,
        rowOrder: gatesOutput ? order(parts: 2) : nil)
      let others: [String] =
        switch keyValues {
        case .own: ["k_proj", "v_proj"]
        case .valuesFromKeys: ["k_proj"]
        case .shared: []
        }
      projections =
        try [queries]
        + others.map { try weights.linear(prefix + $0, inputs: shape.hidden, outputs: keyColumns) }
    }
    output = try weights.linear(prefix + names.output, inputs: queryColumns, outputs: shape.hidden)
    self.rotary = rotary
    settings = AttentionSettings(
      heads: shape.heads, keyValueHeads: shape.keyValueHeads, headSize: shape.headSize,
      scale: scale ?? 1 / Float(shape.headSize).squareRoot(),
      window: window.flatMap { $0 < shape.contextLength ? $0 : nil }, softcap: softcap,
      sinks: sinks)
  }

  /// One key-value cache, or none if it reads another layer's.
  package var caches: [CacheShape] {
    if case .shared = keyValues { return [] }
    return [.keyValue(heads: settings.keyValueHeads, headSize: settings.headSize, window: settings.window)]
  }

  /// One product with a key and one with a value for each query head.
  package var attentionMultiplyAdds: Double {
    settings.window == nil ? Double(2 * settings.heads * settings.headSize) : 0
  }
  /// Always: it may read another layer's cache.
  package var mixesPositions: Bool { true }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let queryColumns = settings.heads * settings.headSize
    let keyColumns = settings.keyValueHeads * settings.headSize
    let firstKey = gatesOutput ? 2 * queryColumns : queryColumns
    let projected = backend.linear(x, projections, adding: nil)
    var queries = rotated(
      backend.columns(projected, 0..<queryColumns), norm: headNorms?.query, input, on: backend)
    if let queryScale { queries = queryScale(queries, positions: input.positions, on: backend) }
    var keys: Tensor?, values: Tensor?
    var slot = slot
    if case .shared(let other) = keyValues {
      slot = other
    } else {
      let plain = backend.columns(projected, firstKey..<firstKey + keyColumns)
      let own =
        keyValues == .own ? backend.columns(projected, firstKey + keyColumns..<projected.columns) : plain
      keys = rotated(plain, norm: headNorms?.key, input, on: backend)
      values = valueNorm.map { $0(own, on: backend) } ?? own
    }
    var ofRows = settings
    ofRows.rowsAreSteps = input.rowsAreSteps
    ofRows.isPrefill = input.isPrefill
    var attended = try backend.attention(
      query: queries, key: keys, value: values, caches: input.keyValueCaches(slot: slot),
      counts: input.counts, ofRows)
    if gatesOutput {
      let gate = backend.columns(projected, queryColumns..<firstKey)
      attended = backend.gated(attended, by: gate, .sigmoid)
    }
    if let resultNorm { attended = resultNorm(attended, on: backend) }
    return backend.linear(attended, [output], adding: residual)
  }

  /// Queries or keys with their norm and their rotation.
  private func rotated(
    _ x: Tensor, norm: (any Norm)?, _ input: ForwardInput, on backend: any Backend
  ) -> Tensor {
    var x = x
    if let norm, !normsRotated { x = norm(x, on: backend) }
    if let rotary { x = backend.rotary(x, rotary, positions: input.positions) }
    if let norm, normsRotated { x = norm(x, on: backend) }
    return x
  }
}
