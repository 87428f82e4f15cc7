import Compute

/// Grouped-query attention with rotary embeddings: projections, optional norms of each query and key
/// head, rotation, attention over the layer's cache, output projection.
package struct SelfAttention: BlockBody {
  /// Queries, keys and values in one layer or in three. The output gates of all heads, if any, follow the queries.
  let projections: [Linear]
  /// Whether the attention's output is multiplied by the sigmoid of a gate.
  let gatesOutput: Bool
  let output: Linear
  /// Norms of each query head and each key head, or of all of them together.
  var headNorms: (query: any Norm, key: any Norm)?
  /// Whether the norms follow the rotation (HunYuan) instead of preceding it.
  var normsRotated = false
  /// The factor on queries by position.
  var queryScale: PositionScale?
  /// Norm of the attention's output, before the output projection (BitNet).
  var outputNorm: (any Norm)?
  /// nil in layers without position embeddings.
  let rotary: RotaryTable?
  var settings: AttentionSettings

  /// Loads `q_proj`, `k_proj`, `v_proj` and `o_proj` below `prefix`, or a layer that fuses the first three.
  /// - Parameters:
  ///   - window: the sliding window; one of the context length or more has no effect and is dropped.
  ///   - gatesOutput: whether `q_proj` alternates the rows of a head's query and of its gate.
  ///   - names: the names of the fused layer and of the output projection.
  ///   - fusesByHead: whether the fused layer has the query, the key and the value of each head together (GPT-NeoX).
  package init(
    _ prefix: String, _ shape: DecoderShape, rotary: RotaryTable?, _ weights: ModelWeights,
    scale: Float? = nil, window: Int? = nil, softcap: Float? = nil,
    sinks: Parameter? = nil, gatesOutput: Bool = false,
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
    if !gatesOutput, weights.contains(prefix + names.fused + ".weight") {
      projections = [
        try weights.linear(
          prefix + names.fused, inputs: shape.hidden, outputs: queryColumns + 2 * keyColumns,
          rowOrder: fusesByHead ? order(parts: 3) : nil)
      ]
    } else {
      projections = [
        try weights.linear(
          prefix + "q_proj", inputs: shape.hidden, outputs: gatesOutput ? 2 * queryColumns : queryColumns,
          rowOrder: gatesOutput ? order(parts: 2) : nil),
        try weights.linear(prefix + "k_proj", inputs: shape.hidden, outputs: keyColumns),
        try weights.linear(prefix + "v_proj", inputs: shape.hidden, outputs: keyColumns),
      ]
    }
    output = try weights.linear(prefix + names.output, inputs: queryColumns, outputs: shape.hidden)
    self.rotary = rotary
    settings = AttentionSettings(
      heads: shape.heads, keyValueHeads: shape.keyValueHeads, headSize: shape.headSize,
      scale: scale ?? 1 / Float(shape.headSize).squareRoot(),
      window: window.flatMap { $0 < shape.contextLength ? $0 : nil }, softcap: softcap,
      sinks: sinks)
  }

  /// One key-value cache.
  package var caches: [CacheShape] {
    [.keyValue(heads: settings.keyValueHeads, headSize: settings.headSize, window: settings.window)]
  }

  /// One product with a key and one with a value for each query head.
  package var attentionMultiplyAdds: Double {
    settings.window == nil ? Double(2 * settings.heads * settings.headSize) : 0
  }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let queryColumns = settings.heads * settings.headSize
    let keyColumns = settings.keyValueHeads * settings.headSize
    let firstKey = gatesOutput ? 2 * queryColumns : queryColumns
    let projected = backend.linear(x, projections, adding: nil)
    var queries = backend.columns(projected, 0..<queryColumns)
    var keys = backend.columns(projected, firstKey..<firstKey + keyColumns)
    let values = backend.columns(projected, firstKey + keyColumns..<projected.columns)
    if let headNorms, !normsRotated {
      queries = headNorms.query(queries, on: backend)
      keys = headNorms.key(keys, on: backend)
    }
    if let rotary {
      queries = backend.rotary(queries, rotary, positions: input.positions)
      keys = backend.rotary(keys, rotary, positions: input.positions)
    }
    if let headNorms, normsRotated {
      queries = headNorms.query(queries, on: backend)
      keys = headNorms.key(keys, on: backend)
    }
    if let queryScale { queries = queryScale(queries, positions: input.positions, on: backend) }
    var attended = try backend.attention(
      query: queries, key: keys, value: values, caches: input.keyValueCaches(slot: slot),
      counts: input.counts, settings)
    if gatesOutput {
      let gate = backend.columns(projected, queryColumns..<firstKey)
      attended = backend.gated(attended, by: gate, .sigmoid)
    }
    if let outputNorm { attended = outputNorm(attended, on: backend) }
    return backend.linear(attended, [output], adding: residual)
  }
}
