import Compute

/// Mamba (arXiv:2312.00752, state-spaces/mamba-2.8b-hf) and Falcon-Mamba (arXiv:2410.05355), which normalises steps, B and
/// C: layers of a norm and a selective mixer, without attention or position embeddings.
enum Mamba {
  static let architecture = Architecture(
    "mamba", "falcon_mamba",
    gguf: GGUFConversion(
      "mamba", tensors: GGUFConversion.stateSpaceTensors("mixer").merging(["norm": "attn_norm"]) { $1 },
      keys: [
        "ssm.conv_kernel": "conv_kernel", "ssm.state_size": "state_size",
        "ssm.inner_size": "intermediate_size",
        "ssm.time_step_rank": "time_step_rank", "ssm.dt_b_c_rms": "use_bcdt_rms",
      ],
      export: rules,
      configure: {
        $0["layer_norm_epsilon"] = $0["rms_norm_eps"]
        $0["mixer_rms_eps"] = $0["rms_norm_eps"]
      }, restore: GGUFConversion.restoringDecay), mlx: .plain,
    shapes: SyntheticShape.mamba
  ) {
    configuration, weights in
    let hidden = try configuration.integer("hidden_size", 1...1 << 20)
    let layerCount = try configuration.integer("num_hidden_layers", 1...4096)
    let vocabulary = try configuration.integer("vocab_size", 1...1 << 24)
    let epsilon = try configuration.positive("layer_norm_epsilon", default: 1e-5)
    try configuration.requireSiLU()
    let shape = try configuration.selectiveMixerShape(
      hidden: hidden,
      inner: configuration.integer(
        "intermediate_size", 1...1 << 24,
        default: configuration.integer("expand", 1...64, default: 2) * hidden),
      stateSize: ("state_size", 16), taps: ("conv_kernel", 4), rank: "time_step_rank")
    let type = try configuration.string("model_type")
    let normalises = try configuration.bool("use_bcdt_rms", default: type == "falcon_mamba")
    let norms: SelectiveMixer.Norms =
      normalises ? .plain(epsilon: try configuration.positive("mixer_rms_eps", default: 1e-6)) : .none

    let embedding = try EmbeddingAndHead(
      table: "backbone.embeddings", vocabulary: vocabulary, hidden: hidden,
      tied: configuration.bool("tie_word_embeddings", default: true),
      norm: weights.norm("backbone.norm_f", size: hidden, epsilon: epsilon), weights)
    let layers = try (0..<layerCount).map { index in
      let prefix = "backbone.layers.\(index)."
      return [
        Block(
          try SelectiveMixer(prefix + "mixer.", shape, norms: norms, weights),
          norm: try weights.norm(prefix + "norm", size: hidden, epsilon: epsilon))
      ]
    }
    let facts = ModelFacts(
      // A recurrent state has no maximum length.
      architecture: type, vocabularyCount: vocabulary,
      contextLength: try configuration.contextLength(default: 1 << 20), layerCount: layerCount,
      work: weights.work)
    return try Decoder(facts, embedding: embedding, layers: layers, on: weights.backend)
  }

  private static let rules = GGUFExport.Rules(complete: { fields, configuration in
    let hidden = try configuration.integer("hidden_size", 1...1 << 20)
    let defaults = [
      ("ssm.conv_kernel", 4), ("ssm.state_size", 16), ("ssm.inner_size", 2 * hidden),
      ("ssm.time_step_rank", (hidden + 15) / 16),
    ]
    for (key, fallback) in defaults where fields[key] == nil { try fields.set(key, fallback) }
    let type = try configuration.string("model_type")
    fields["ssm.dt_b_c_rms"] = .bool(type == "falcon_mamba")
    try fields.setRecurrentOnly(configuration)
  })
}
