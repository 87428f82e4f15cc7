import Checkpoints
import Foundation

extension Gemma3n {
  /// Tables have rows of zeros for tokens of pictures and sounds, and the streams' projections are one tensor.
  static let rules = GGUFExport.Rules(
    keys: ["final_logit_softcapping"], isTied: true,
    lists: ["altup_projections", "altup_unembed_projections"],
    change: { tensor, configuration in
      guard tensor.name.hasPrefix("model.embed_tokens") else { return [tensor] }
      return [try tensor.padded(rows: configuration.integer("vocab_size", 1...1 << 24))]
    },
    complete: { fields, configuration in
      try Gemma3.setDefaults(&fields)
      try requireSettingsOfLlamaCpp(configuration)
      try fields.setWindows(configuration, slides: { _ in false })
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let shares = try sparsity(configuration, layers: count)
      // In float32, as the converter computes them.
      fields["activation_sparsity_scale"] = .numbers(
        shares.map { share in
          let doubled = 2 * Float(share) - 1
          if doubled <= -1 { return -.infinity }
          if doubled == 0 { return 0 }
          let error = normalQuantile((Double(doubled) + 1) / 2) / 2.0.squareRoot()
          return Float(error) * Float(2.0.squareRoot())
        })
    })

  /// llama.cpp has the settings of the public models (src/models/gemma3n.cpp, src/llama-hparams.h): its files have no keys
  /// for some, and it ignores the others' keys.
  private static func requireSettingsOfLlamaCpp(_ configuration: ModelConfiguration) throws {
    for (key, usual, fallback) in [
      ("altup_num_inputs", 4, 4), ("laurel_rank", 64, 64), ("hidden_size_per_layer_input", 256, 256),
      ("altup_active_idx", 0, 0),
    ] {
      try configuration.requireForGGUF(
        key, configuration.integer(key, 0...65536, default: fallback) == usual)
    }
    let cap = try configuration.optionalNumber("final_logit_softcapping")
    try configuration.requireForGGUF("final_logit_softcapping", cap == 30)
    try configuration.requireForGGUF(
      "altup_correct_scale", configuration.bool("altup_correct_scale", default: true))
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    // One number, or one for each layer.
    let widths = (try? configuration.numbers("intermediate_size")) ?? []
    try configuration.requireForGGUF("intermediate_size", Set(widths).count < 2)
    let shares = try sparsity(configuration, layers: count)
    try configuration.requireForGGUF(
      "activation_sparsity_pattern", shares.enumerated().allSatisfy { $1 == ($0 < 10 ? 0.95 : 0) })
    // The layers from the 21st on read the caches of the 19th, if they have a window, or of the 20th.
    let shared = try configuration.integer("num_kv_shared_layers", 0...count, default: 0)
    try configuration.requireForGGUF("num_kv_shared_layers", shared == max(0, count - 20))
    let windows = try configuration.windows(count: count, default: 512) { _ in false }
    try configuration.requireForGGUF(
      "layer_types", count <= 20 || windows[18] != nil && windows[19] == nil)
  }

  /// The share of gates that each layer drops.
  private static func sparsity(_ configuration: ModelConfiguration, layers: Int) throws -> [Double] {
    let key = "activation_sparsity_pattern"
    return try configuration.numbers(key)
      ?? Array(repeating: configuration.number(key, default: 0), count: layers)
  }

  /// The number below which the standard normal distribution has this share, by bisection.
  static func normalQuantile(_ share: Double) -> Double {
    var (low, high) = (-10.0, 10.0)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if erfc(-middle / 2.0.squareRoot()) / 2 < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
