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
      let streams = try configuration.integer("altup_num_inputs", 2...16, default: 4)
      try configuration.requireForGGUF("altup_num_inputs", streams == 4)
      try configuration.requireForGGUF(
        "laurel_rank", configuration.integer("laurel_rank", 1...65536, default: 64) == 64)
      try fields.setWindows(configuration, slides: { _ in false })
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let key = "activation_sparsity_pattern"
      let shares =
        try configuration.numbers(key)
        ?? Array(
          repeating: configuration.number(key, default: 0), count: count)
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
