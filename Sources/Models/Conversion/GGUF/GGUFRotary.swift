import Basics
import Checkpoints
import Foundation

/// The rotary embedding of a model in the words of GGUF.
struct GGUFRotary {
  /// Keys of the metadata.
  private(set) var fields: [(key: String, value: GGUFField)] = []
  /// Tables of factors that are tensors of the file.
  private(set) var tables: [(name: String, factors: [Float])] = []
  /// Columns of a head that are rotated.
  let dimensions: Int

  /// - Parameter share: the part of a head's columns that is rotated, if the configuration does not say.
  init(_ configuration: ModelConfiguration, share: Double) throws {
    let settings = try configuration.object("rope_parameters") ?? configuration.object("rope_scaling")
    // transformers 5 may keep one set for each kind of layer.
    let main = try settings?.object("full_attention") ?? settings ?? ModelConfiguration(.object(JSONObject()))
    let base =
      try configuration.optionalNumber("rope_theta") ?? main.optionalNumber("rope_theta")
      ?? settings?.optionalNumber("rope_theta")
    let size = try Self.headSize(configuration)
    let part =
      try configuration.optionalNumber("partial_rotary_factor")
      ?? main.optionalNumber("partial_rotary_factor") ?? share
    guard part > 0, part <= 1 else {
      throw ModelError.outOfRange(key: "partial_rotary_factor", value: part, allowed: "between 0 and 1")
    }
    dimensions = Int(Double(size) * part)
    if let base { fields.append(("rope.freq_base", .number(Float(base)))) }
    let local =
      try settings?.object("sliding_attention")?.optionalNumber("rope_theta")
      ?? configuration.optionalNumber("rope_local_base_freq")
    if let local { fields.append(("rope.freq_base_swa", .number(Float(local)))) }
    let global = try configuration.integer("global_head_dim", 1...65536, default: size)
    try addScaling(main, base: base ?? 10000, size: global)
  }

  private static func headSize(_ configuration: ModelConfiguration) throws -> Int {
    guard configuration.has("num_attention_heads"), configuration.has("hidden_size") else { return 64 }
    let heads = try configuration.integer("num_attention_heads", 1...65536)
    let hidden = try configuration.integer("hidden_size", 1...1 << 24)
    return try configuration.integer("head_dim", 1...65536, default: max(1, hidden / heads))
  }

  private mutating func addScaling(_ scaling: ModelConfiguration, base: Double, size: Int) throws {
    func add(_ key: String, _ name: String...) throws {
      for name in name {
        guard let number = try scaling.optionalNumber(name) else { continue }
        fields.append(("rope.scaling.\(key)", .number(Float(number))))
        return
      }
    }
    let kind = try scaling.optionalString("rope_type") ?? scaling.optionalString("type") ?? "default"
    switch kind {
    case "default", "dynamic": break
    case "linear":
      fields.append(("rope.scaling.type", .string("linear")))
      try add("factor", "factor")
    case "yarn":
      let length = try scaling.integer("original_max_position_embeddings", 1...1 << 30)
      fields.append(("rope.scaling.type", .string("yarn")))
      try add("factor", "factor")
      fields.append(("rope.scaling.original_context_length", .integer(UInt32(length))))
      try add("yarn_ext_factor", "extrapolation_factor")
      try add("yarn_attn_factor", "attention_factor", "attn_factor")
      try add("yarn_beta_fast", "beta_fast")
      try add("yarn_beta_slow", "beta_slow")
    case "longrope", "su":
      fields.append(("rope.scaling.type", .string("longrope")))
      for (name, key) in [("long", "long_factor"), ("short", "short_factor")] {
        guard let factors = try scaling.numbers(key) else { throw ModelError.missingKey(key) }
        tables.append(("rope_factors_\(name).weight", factors.map { Float($0) }))
      }
    case "proportional":
      let share = try scaling.number("partial_rotary_factor", default: 1)
      guard share >= 0, share <= 1, try scaling.number("factor", default: 1) == 1 else {
        throw ModelError.unsupported(
          "GGUF files have proportional rotary embeddings only with a share of the columns and no factor")
      }
      // The pairs that are not rotated have a frequency of nearly 0.
      let rotated = Int(Double(size) * share / 2)
      tables.append(("rope_freqs.weight", (0..<size / 2).map { $0 < rotated ? 1 : 1e30 }))
    case "llama3":
      tables.append(("rope_freqs.weight", try Self.llama3(scaling, base: base, size: size)))
    default: throw ModelError.unsupported("the rotary scaling '\(kind)' cannot be written to a GGUF file")
    }
  }

  /// Llama 3.1's divisors of the frequencies: 1 for short waves, `factor` for long ones, and a blend between.
  private static func llama3(_ scaling: ModelConfiguration, base: Double, size: Int) throws -> [Float] {
    let factor = try scaling.number("factor", default: 8)
    let low = try scaling.number("low_freq_factor", default: 1)
    let high = try scaling.number("high_freq_factor", default: 4)
    let length = try scaling.number("original_max_position_embeddings", default: 8192)
    return stride(from: 0, to: size, by: 2).map { column in
      let wave = 2 * Double.pi * pow(base, Double(column) / Double(size))
      if wave < length / high { return 1 }
      if wave > length / low { return Float(factor) }
      let smooth = (length / wave - low) / (high - low)
      return Float(1 / ((1 - smooth) / factor + smooth))
    }
  }
}
