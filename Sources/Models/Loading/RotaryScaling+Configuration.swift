import Basics
import Compute
import Foundation

extension ModelConfiguration {
  /// `rope_parameters` (transformers 5), which may hold an object for each kind of layer, or `rope_scaling`.
  /// - Throws: `ModelError.unsupported` if an architecture with several kinds of layers has one set of `rope_parameters`,
  ///   which transformers and mlx-lm refuse or do not read.
  private func ropeParameters(_ kind: String?) throws -> ModelConfiguration? {
    let parameters = try object("rope_parameters")
    if let kind, let parameters {
      if let own = try parameters.object(kind) {
        guard !has("rope_scaling") else {
          throw ModelError.unsupported("'rope_scaling' beside 'rope_parameters' for each kind of layer")
        }
        return own
      }
      let members = parameters.json.asObject ?? JSONObject()
      if let key = members.keys.first(where: { members[$0]?.asObject == nil && members[$0]?.isNull == false })
      {
        throw ModelError.unsupported(
          "'rope_parameters' of this architecture are one object for each kind of layer; '\(key)' is beside them"
        )
      }
    }
    // As in transformers, the older key counts if there are both.
    return try object("rope_scaling") ?? parameters
  }

  /// The rope base, from `rope_parameters` (transformers 5) or `rope_theta`.
  /// - Parameter kind: the kind of layer.
  func ropeBase(default fallback: Double = 10000, kind: String? = nil) throws -> Double {
    if let base = try ropeParameters(kind)?.optionalNumber("rope_theta") { return base }
    return try positive(
      "rope_theta", default: object("rope_parameters")?.positive("rope_theta", default: fallback) ?? fallback)
  }

  /// The scaling under `rope_parameters` or `rope_scaling`.
  ///
  /// - Parameters:
  ///   - dimensions: rotated columns of a head; LongRoPE has a factor for each pair of them.
  ///   - kind: the kind of layer.
  func rotaryScaling(dimensions: Int, kind: String? = nil) throws -> RotaryScaling {
    guard let scaling = try ropeParameters(kind) else { return .none }
    let isForKind = kind != nil
    let kind = try scaling.optionalString("rope_type") ?? scaling.optionalString("type") ?? "default"
    let trained = try number("max_position_embeddings", default: 2048)
    switch kind {
    // HunYuan's `alpha` stretches the base, whatever the length.
    case "dynamic" where scaling.has("alpha"):
      return .stretched(alpha: try scaling.positive("alpha", default: 1))
    // Dynamic scaling changes nothing within the trained length, and Sotto refuses longer sequences.
    // The positions of multimodal sections are all equal in a text.
    case "default", "none", "dynamic", "mrope": return .none
    case "proportional":
      return .proportional(
        share: try scaling.positive("partial_rotary_factor", default: 1),
        factor: try scaling.positive("factor", default: 1))
    case "linear": return .linear(factor: try scaling.positive("factor", default: 1))
    case "llama3":
      let key = "original_max_position_embeddings"
      return .llama3(
        factor: try scaling.positive("factor", default: 1),
        lowFrequency: try scaling.positive("low_freq_factor", default: 1),
        highFrequency: try scaling.positive("high_freq_factor", default: 4),
        originalLength: try scaling.positive(key, default: scaling.number(key)))
    case "yarn":
      let original = try scaling.positive("original_max_position_embeddings", default: trained)
      var yarn = YarnScaling(
        factor: try scaling.positive("factor", default: trained / original), originalLength: original)
      yarn.betaFast = try scaling.positive("beta_fast", default: 32)
      yarn.betaSlow = try scaling.positive("beta_slow", default: 1)
      yarn.truncate = try scaling.bool("truncate", default: true)
      // mlx-lm never reads the key, transformers not where there are several kinds of layers.
      if isForKind { try scaling.require("truncate", true) }
      yarn.attentionFactor = try scaling.optionalNumber("attention_factor")
      yarn.mscale = try scaling.optionalNumber("mscale")
      yarn.mscaleAllDimensions = try scaling.optionalNumber("mscale_all_dim")
      return .yarn(yarn)
    // transformers and mlx-lm take different factors where there are several kinds of layers.
    case "longrope" where !isForKind,
      "su" where !isForKind:
      return try longRope(scaling, dimensions: dimensions, trained: trained)
    case "factors":  // GGUF's rope_freqs tensor
      return .factors(try factors("factors", in: scaling, dimensions: dimensions), attention: 1)
    default:
      throw ModelError.unsupported("the rope scaling '\(kind)' is not supported by this architecture")
    }
  }

  /// LongRoPE's factors for the model's context length: the long ones if it exceeds the pre-trained length. They do not
  /// change as a sequence grows, because cached keys are already rotated; transformers does change them.
  private func longRope(
    _ scaling: ModelConfiguration, dimensions: Int, trained: Double
  ) throws -> RotaryScaling {
    let key = "original_max_position_embeddings"
    let original = try optionalNumber(key) ?? scaling.positive(key, default: trained)
    guard original > 1 else { throw ModelError.outOfRange(key: key, value: original, allowed: "above 1") }
    let factor = try scaling.positive("factor", default: trained / original)
    let attention = factor <= 1 ? 1 : sqrt(1 + log(factor) / log(original))
    let name = trained > original ? "long" : "short"
    return .factors(
      try factors(name + "_factor", in: scaling, dimensions: dimensions),
      attention: try scaling.optionalNumber(name + "_mscale") ?? scaling.optionalNumber("attention_factor")
        ?? attention)
  }

  private func factors(_ key: String, in scaling: ModelConfiguration, dimensions: Int) throws -> [Double] {
    guard let factors = try scaling.numbers(key) else { throw ModelError.missingKey(key) }
    guard factors.count == dimensions / 2, factors.allSatisfy({ $0 > 0 }) else {
      throw ModelError.wrongValue(key: key, expected: "\(dimensions / 2) positive numbers")
    }
    return factors
  }

  /// The factor on queries under `rope_parameters`; nil if there is none.
  func positionScale() throws -> PositionScale? {
    guard let scaling = try ropeParameters(nil), let beta = try scaling.optionalNumber("llama_4_scaling_beta")
    else { return nil }
    let key = "original_max_position_embeddings"
    let length = try scaling.positive(key, default: number("max_position_embeddings"))
    return PositionScale(beta: beta, length: length)
  }

  /// The rotary table of heads of `headSize` columns, of which `dimensions` are rotated.
  /// - Parameters:
  ///   - first: the first rotated column.
  ///   - interleaved: whether the rotated pairs are adjacent, if the configuration does not say.
  ///   - kind: the kind of layer, for configurations with different parameters for each.
  ///   - base: the rope base; nil for the configuration's.
  package func rotaryTable(
    headSize: Int, first: Int = 0, dimensions: Int? = nil, interleaved: Bool = false, kind: String? = nil,
    base: Double? = nil
  ) throws -> RotaryTable {
    let dimensions = dimensions ?? headSize
    // GGUF files say how many columns are rotated.
    let stated = try integer("rope_dimension_count", 0...65536, default: dimensions)
    guard stated == dimensions else {
      throw ModelError.unsupported("rotary embeddings of \(stated) of \(headSize) columns are not supported")
    }
    let (frequencies, amplitude) = try rotaryScaling(dimensions: dimensions, kind: kind).frequencies(
      dimensions: dimensions, base: base ?? ropeBase(kind: kind))
    return RotaryTable(
      headSize: headSize, first: first, frequencies: frequencies, amplitude: amplitude,
      interleaved: try bool("rope_interleaved", default: interleaved))
  }

  /// The rotary table of heads that are rotated in part: `rotary_dim` columns, or the share `partial_rotary_factor`.
  /// - Parameter fallback: the share, if the configuration has none.
  package func partialRotaryTable(
    headSize: Int, default fallback: Double = 1, interleaved: Bool = false
  ) throws -> RotaryTable {
    let key = "partial_rotary_factor"
    let parameters = try ropeParameters(nil)
    let share = try parameters?.optionalNumber(key) ?? number(key, default: fallback)
    guard share > 0, share <= 1 else {
      throw ModelError.outOfRange(key: key, value: share, allowed: "above 0 and at most 1")
    }
    let dimensions = try integer(
      present("rope_dimension_count", "rotary_dim"), 0...headSize, default: Int(Double(headSize) * share))
    guard dimensions > 0, dimensions % 2 == 0 else {
      throw ModelError.outOfRange(key: key, value: share, allowed: "a number of pairs of columns")
    }
    // Proportional scaling has frequencies for whole heads.
    guard try share == 1 || parameters?.optionalString("rope_type") != "proportional" else {
      throw ModelError.unsupported("the rope scaling 'proportional' is not supported by this architecture")
    }
    return try rotaryTable(headSize: headSize, dimensions: dimensions, interleaved: interleaved)
  }
}
