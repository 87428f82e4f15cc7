import Compute

/// OLMoE (arXiv:2409.02060): Llama's layers with a norm of all queries and one of all keys, and a mixture of experts.
enum OLMoE {
  static let architecture = Architecture(
    "olmoe", gguf: GGUFConversion("olmoe", export: rules), mlx: .plain
  ) {
    configuration, weights in
    guard !configuration.has("clip_qkv") else {
      throw ModelError.unsupported("'clip_qkv' is not supported by this architecture")
    }
    let experts = try configuration.expertCounts()
    let routing = RoutingSettings(
      count: experts.chosen, scoring: .softmax,
      normalises: try configuration.bool("norm_topk_prob", default: false))
    let decoder = PreNormDecoder(headNorms: .whole) { prefix, _, shape, activation in
      try ExpertMixture(
        prefix + "mlp.", routing, experts: experts.all, inner: shape.intermediate, shape, activation, weights)
    }
    return try decoder.model(configuration, weights)
  }

  private static let rules: GGUFExport.Rules = {
    var rules = GGUFExport.Rules.experts
    rules.complete = { _, configuration in
      try GGUFExport.Rules.requireExperts(configuration)
      try configuration.requireForGGUF(
        "norm_topk_prob", !configuration.bool("norm_topk_prob", default: false))
    }
    return rules
  }()
}

/// OLMo 2 and OLMo 3 (arXiv:2501.00656, allenai/Olmo-3-7B-Think).
///
/// Grouped-query attention with a norm of all queries and one of all keys, and a gated feed-forward block, each with a
/// norm of its output and none of its input. In OLMo 3, three layers of four attend to a sliding window, and only the
/// others have scaled rotary frequencies.
enum OLMo2 {
  static let architecture = Architecture(
    "olmo2", "olmo3",
    gguf: GGUFConversion("olmo2", tensors: GGUFConversion.normsAfter, export: rules), mlx: .plain
  ) { configuration, weights in
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    // GGUF files of both have one name; only OLMo 3 has windows.
    let slides = try configuration.has("sliding_window") || configuration.string("model_type") == "olmo3"
    let windows = try configuration.windows(count: count, default: 4096) { slides && ($0 + 1) % 4 != 0 }
    return try model(configuration, weights, windows: windows)
  }

  private static let rules = GGUFExport.Rules(complete: { fields, configuration in
    try fields.setWindows(configuration) { ($0 + 1) % 4 != 0 }
    if fields["attention.sliding_window"] != nil { fields["rope.freq_base_swa"] = fields["rope.freq_base"] }
  })

  private static func model(
    _ configuration: ModelConfiguration, _ weights: ModelWeights, windows: [Int?]
  ) throws -> Decoder {
    let shape = try DecoderShape(configuration)
    let full = try configuration.rotaryTable(headSize: shape.headSize, kind: "full_attention")
    let sliding = try slidingRotary(configuration, shape)
    let decoder = PreNormDecoder(
      names: .normsAfter, windows: windows, rotaries: windows.map { $0 == nil ? full : sliding },
      headNorms: .whole)
    return try decoder.model(configuration, weights)
  }

  /// The rotary table of layers with a sliding window: `rope_parameters`' own, or no scaling.
  private static func slidingRotary(
    _ configuration: ModelConfiguration, _ shape: DecoderShape
  ) throws -> RotaryTable {
    let kind = "sliding_attention"
    if try configuration.object("rope_parameters")?.has(kind) == true {
      return try configuration.rotaryTable(headSize: shape.headSize, kind: kind)
    }
    let (frequencies, _) = RotaryScaling.none.frequencies(
      dimensions: shape.headSize, base: try configuration.ropeBase())
    return RotaryTable(headSize: shape.headSize, frequencies: frequencies, interleaved: false)
  }
}
