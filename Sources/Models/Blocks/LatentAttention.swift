import Compute

/// Multi-head latent attention (DeepSeek V2, arXiv:2405.04434): keys and values of all heads are projections of one
/// latent per position, which is cached with a key that all heads share and that alone is rotated.
///
/// The projections are absorbed: queries are projected to the latent's space, and attention reads the cache as one head
/// whose values are the first columns of its keys. A query costs 2 * rank + rope multiply-adds per cached position and
/// head instead of nope + rope + value (1,088 and 320 in DeepSeek V3), and the cache is read once for all heads. That is
/// the faster form for decoding; long prompts would be faster with expanded keys and values.
package struct LatentAttention: BlockBody {
  /// The queries, or their latent, and the latent of keys and values followed by the shared key.
  let inputs: [Linear]
  /// From the queries' latent to queries; nil if they have none.
  let queryUp: (norm: RMSNorm, projection: Linear)?
  let latentNorm: RMSNorm
  let projections: LatentProjections
  /// One output gate per head, if there are any: [heads, hidden].
  let gate: Linear?
  let output: Linear
  /// Tables of query heads and of the cached keys; nil without position embeddings.
  let rotary: (query: RotaryTable, key: RotaryTable)?
  let positionScale: PositionScale?
  let settings: AttentionSettings
  private let sizes: LatentSizes

  /// Loads the layers below `prefix` under DeepSeek's names.
  /// - Parameters:
  ///   - rotates: whether there are position embeddings.
  ///   - gated: whether each head's output is multiplied by the sigmoid of a gate, `g_proj`.
  ///   - epsilon: of the latents' norms.
  ///   - output: the name of the output projection.
  init(
    _ prefix: String, _ configuration: ModelConfiguration, _ shape: DecoderShape, _ weights: ModelWeights,
    rotates: Bool = true, gated: Bool = false, epsilon: Double = 1e-6, output: String = "o_proj"
  ) throws {
    let sizes = try LatentSizes(configuration)
    let queryColumns = shape.heads * sizes.query
    let latent = try weights.linear(
      prefix + "kv_a_proj_with_mqa", inputs: shape.hidden, outputs: sizes.cached)
    if let rank = sizes.queryRank {
      inputs = [try weights.linear(prefix + "q_a_proj", inputs: shape.hidden, outputs: rank), latent]
      queryUp = (
        try weights.norm(prefix + "q_a_layernorm", size: rank, epsilon: epsilon),
        try weights.linear(prefix + "q_b_proj", inputs: rank, outputs: queryColumns)
      )
    } else {
      inputs = [try weights.linear(prefix + "q_proj", inputs: shape.hidden, outputs: queryColumns), latent]
      queryUp = nil
    }
    latentNorm = try weights.norm(prefix + "kv_a_layernorm", size: sizes.rank, epsilon: epsilon)
    projections = try weights.latentProjections(prefix, heads: shape.heads, sizes)
    gate = gated ? try weights.linear(prefix + "g_proj", inputs: shape.hidden, outputs: shape.heads) : nil
    self.output = try weights.linear(
      prefix + output, inputs: shape.heads * sizes.value, outputs: shape.hidden)
    let interleaved = try configuration.bool("rope_interleave", default: true)
    func table(headSize: Int, first: Int) throws -> RotaryTable {
      try configuration.rotaryTable(
        headSize: headSize, first: first, dimensions: sizes.rope, interleaved: interleaved)
    }
    rotary =
      rotates
      ? (
        try table(headSize: sizes.query, first: sizes.nope),
        try table(headSize: sizes.cached, first: sizes.rank)
      ) : nil
    positionScale = try configuration.positionScale()
    settings = AttentionSettings(
      heads: shape.heads, keyValueHeads: 1, headSize: sizes.cached,
      scale: try rotates ? Self.scale(configuration, sizes) : 1 / Float(sizes.query).squareRoot())
    self.sizes = sizes
  }

  /// 1 / sqrt(query size), times the square of YaRN's magnitude for `mscale_all_dim`.
  private static func scale(_ configuration: ModelConfiguration, _ sizes: LatentSizes) throws -> Float {
    let scale = 1 / Double(sizes.query).squareRoot()
    guard case .yarn(let yarn) = try configuration.rotaryScaling(dimensions: sizes.rope),
      let all = yarn.mscaleAllDimensions, all != 0
    else { return Float(scale) }
    let magnitude = yarn.magnitude(all)
    return Float(scale * magnitude * magnitude)
  }

  /// One key-value cache of one head, whose values are the latents in its keys.
  package var caches: [CacheShape] {
    [.keyValue(heads: 1, headSize: sizes.cached, window: nil, sharedValues: sizes.rank)]
  }

  /// - Parameter residual: added to the output projection's result.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let projected = backend.linear(x, inputs + (gate.map { [$0] } ?? []), adding: nil)
    let split = inputs[0].outputs, end = split + sizes.cached
    var queries = backend.columns(projected, 0..<split)
    if let queryUp {
      queries = backend.linear(queryUp.norm(queries, on: backend), [queryUp.projection], adding: nil)
    }
    if let positionScale { queries = positionScale(queries, positions: input.positions, on: backend) }
    var keys = backend.joined(
      latentNorm(backend.columns(projected, split..<split + sizes.rank), on: backend),
      backend.columns(projected, split + sizes.rank..<end))
    if let rotary {
      queries = backend.rotary(queries, rotary.query, positions: input.positions)
      keys = backend.rotary(keys, rotary.key, positions: input.positions)
    }
    var ofRows = settings
    ofRows.rowsAreSteps = input.rowsAreSteps
    ofRows.isPrefill = input.isPrefill
    let attended = try backend.attention(
      query: backend.headLinear(queries, projections.toLatent), key: keys,
      value: backend.columns(keys, 0..<sizes.rank), caches: input.keyValueCaches(slot: slot),
      counts: input.counts, ofRows)
    var values = backend.headLinear(attended, projections.toValue)
    if gate != nil {
      values = backend.gated(values, by: backend.columns(projected, end..<projected.columns), .sigmoid)
    }
    return backend.linear(values, [output], adding: residual)
  }
}

/// The sizes of latent attention.
struct LatentSizes {
  /// Columns of the latent of keys and values, and of that of queries, if there is one.
  let rank: Int
  let queryRank: Int?
  /// Columns of a query head that are not rotated, of those that are, and of a value head.
  let nope: Int
  let rope: Int
  let value: Int

  /// Columns of a query head.
  var query: Int { nope + rope }
  /// Columns of a cached key.
  var cached: Int { rank + rope }

  init(_ configuration: ModelConfiguration) throws {
    rank = try configuration.integer("kv_lora_rank", 1...65536)
    let key = "q_lora_rank"
    queryRank = configuration.has(key) ? try configuration.integer(key, 1...65536) : nil
    nope = try configuration.integer("qk_nope_head_dim", 1...65536)
    rope = try configuration.integer("qk_rope_head_dim", 2...65536)
    value = try configuration.integer("v_head_dim", 1...65536)
    guard rope % 2 == 0 else {
      throw ModelError.outOfRange(key: "qk_rope_head_dim", value: Double(rope), allowed: "even")
    }
  }
}

/// The projections that latent attention absorbs, a matrix per head.
struct LatentProjections {
  /// [heads, rank, nope]: queries to the latent's space.
  let toLatent: Parameter
  /// [heads, value, rank]: attended latents to values.
  let toValue: Parameter
}
