import Compute

extension ModelConfiguration {
  /// The rope base, from `rope_parameters` (transformers 5) or `rope_theta`.
  func ropeBase(default fallback: Double = 10000) throws -> Double {
    if let base = try object("rope_parameters")?.optionalNumber("rope_theta") { return base }
    return try positive("rope_theta", default: fallback)
  }

  /// The scaling under `rope_parameters` or `rope_scaling`.
  ///
  /// - Parameter dimensions: rotated columns of a head; LongRoPE has a factor for each pair of them.
  func rotaryScaling(dimensions: Int) throws -> RotaryScaling {
    guard let scaling = try object("rope_parameters") ?? object("rope_scaling") else { return .none }
    let kind = try scaling.optionalString("rope_type") ?? scaling.optionalString("type") ?? "default"
    let trained = try number("max_position_embeddings", default: 2048)
    switch kind {
    // Dynamic scaling changes nothing within the trained length, and Sotto refuses longer sequences.
    case "default", "none", "dynamic": return .none
    case "linear": return .linear(factor: try scaling.positive("factor", default: 1))
    case "llama3":
      return .llama3(
        factor: try scaling.positive("factor", default: 1),
        lowFrequency: try scaling.positive("low_freq_factor", default: 1),
        highFrequency: try scaling.positive("high_freq_factor", default: 4),
        originalLength: try scaling.positive("original_max_position_embeddings", default: 8192))
    case "yarn":
      let original = try scaling.positive("original_max_position_embeddings", default: trained)
      var yarn = YarnScaling(
        factor: try scaling.positive("factor", default: trained / original), originalLength: original)
      yarn.betaFast = try scaling.positive("beta_fast", default: 32)
      yarn.betaSlow = try scaling.positive("beta_slow", default: 1)
      yarn.truncate = try scaling.bool("truncate", default: true)
      yarn.attentionFactor = try scaling.optionalNumber("attention_factor")
      yarn.mscale = try scaling.optionalNumber("mscale")
      yarn.mscaleAllDimensions = try scaling.optionalNumber("mscale_all_dim")
      return .yarn(yarn)
    case "factors":  // GGUF's rope_freqs tensor
      return .factors(try factors("factors", in: scaling, dimensions: dimensions), attention: 1)
    default:
      throw ModelError.unsupported("the rope scaling '\(kind)' is not supported by this architecture")
    }
  }

  private func factors(_ key: String, in scaling: ModelConfiguration, dimensions: Int) throws -> [Double] {
    guard let factors = try scaling.numbers(key) else { throw ModelError.missingKey(key) }
    guard factors.count == dimensions / 2, factors.allSatisfy({ $0 > 0 }) else {
      throw ModelError.wrongValue(key: key, expected: "\(dimensions / 2) positive numbers")
    }
    return factors
  }

  /// The rotary table of heads of `headSize` columns, of which the first `dimensions` are rotated.
  package func rotaryTable(headSize: Int, dimensions: Int? = nil) throws -> RotaryTable {
    let dimensions = dimensions ?? headSize
    let (frequencies, amplitude) = try rotaryScaling(dimensions: dimensions).frequencies(
      dimensions: dimensions, base: ropeBase())
    return RotaryTable(
      headSize: headSize, frequencies: frequencies, amplitude: amplitude,
      interleaved: try bool("rope_interleaved", default: false))
  }
}
