import Basics

/// Mistral 7B (arXiv:2310.06825): Llama's layers, each with a sliding window if the configuration has one. In GGUF files
/// its name is llama. In Ministral 3 (mistralai/Ministral-3-8B-Instruct-2512), queries grow with their position.
enum Mistral {
  static let architecture = Architecture("mistral", gguf: Llama.gguf, mlx: mlx) {
    try decoder($0).model($0, $1)
  }

  private static let mlx = MLXConversion(part: MLXConversion.languageModel, wholes: ["mistral3"])

  static let ministral3 = Architecture(
    "ministral3",
    gguf: GGUFConversion(
      "mistral3", keys: ["attention.temperature_scale": "llama_4_scaling_beta"], export: rules
    ) { object in
      GGUFConversion.interleavedRotary(&object)
      guard let beta = object["llama_4_scaling_beta"], var scaling = object["rope_scaling"]?.asObject else {
        return
      }
      scaling["llama_4_scaling_beta"] = beta
      object["rope_scaling"] = .object(scaling)
    }, mlx: mlx
  ) { configuration, weights in
    var decoder = try decoder(configuration)
    if let scale = try configuration.positionScale() {
      decoder.adjust = { attention, _, _ in attention.queryScale = scale }
    }
    return try decoder.model(configuration, weights)
  }

  private static func decoder(_ configuration: ModelConfiguration) throws -> PreNormDecoder {
    let layers = try configuration.integer("num_hidden_layers", 1...4096)
    return PreNormDecoder(windows: try configuration.windows(count: layers) { _ in true })
  }

  /// Ministral's settings are among those of the rotary embedding.
  private static let rules: GGUFExport.Rules = {
    var rules = GGUFExport.Rules.llama
    rules.complete = { fields, configuration in
      guard let rope = try configuration.object("rope_parameters") ?? configuration.object("rope_scaling")
      else { return }
      if let scale = try rope.optionalNumber("mscale_all_dim") {
        fields.set("rope.scaling.yarn_log_multiplier", scale)
      }
      if let beta = try rope.optionalNumber("llama_4_scaling_beta") {
        fields.set("attention.temperature_scale", beta)
      }
    }
    return rules
  }()
}
