import Compute

/// Grouped-query attention with rotary embeddings: projections, optional norms of each query and key
/// head, rotation, attention over the layer's cache, output projection.
struct SelfAttention {
  let query: Linear
  let key: Linear
  let value: Linear
  let output: Linear
  /// Normalises each query and each key head.
  var headNorms: (query: RMSNorm, key: RMSNorm)?
  /// nil in layers without positions.
  let rotary: RotaryTable?
  let settings: AttentionSettings

  /// Takes `q_proj`, `k_proj`, `v_proj` and `o_proj` below `prefix`.
  init(
    _ prefix: String, _ shape: DecoderShape, rotary: RotaryTable?, _ weights: ModelWeights,
    scale: Float? = nil, window: Int? = nil, softcap: Float? = nil,
    sinks: Parameter? = nil
  ) throws {
    let queryColumns = shape.heads * shape.headSize
    let keyColumns = shape.keyValueHeads * shape.headSize
    query = try weights.linear(prefix + "q_proj", inputs: shape.hidden, outputs: queryColumns)
    key = try weights.linear(prefix + "k_proj", inputs: shape.hidden, outputs: keyColumns)
    value = try weights.linear(prefix + "v_proj", inputs: shape.hidden, outputs: keyColumns)
    output = try weights.linear(prefix + "o_proj", inputs: queryColumns, outputs: shape.hidden)
    self.rotary = rotary
    settings = AttentionSettings(
      heads: shape.heads, keyValueHeads: shape.keyValueHeads, headSize: shape.headSize,
      scale: scale ?? 1 / Float(shape.headSize).squareRoot(), window: window, softcap: softcap,
      sinks: sinks)
  }

  /// - Parameter residual: added to what the output projection gives.
  func callAsFunction(
    _ x: Tensor, layer: Int, _ input: ForwardInput, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let queryColumns = query.outputs
    let keyColumns = key.outputs
    let projected = backend.linear(x, [query, key, value], adding: nil)
    var queries = backend.columns(projected, 0..<queryColumns)
    var keys = backend.columns(projected, queryColumns..<queryColumns + keyColumns)
    let values = backend.columns(projected, queryColumns + keyColumns..<projected.columns)
    if let headNorms {
      queries = headNorms.query(queries, on: backend)
      keys = headNorms.key(keys, on: backend)
    }
    if let rotary {
      queries = backend.rotary(queries, rotary, positions: input.positions)
      keys = backend.rotary(keys, rotary, positions: input.positions)
    }
    let attended = try backend.attention(
      query: queries, key: keys, value: values, caches: input.keyValueCaches(layer: layer),
      counts: input.counts, settings)
    return backend.linear(attended, [output], adding: residual)
  }
}
