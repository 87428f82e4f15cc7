import Basics

/// Mamba-2 (arXiv:2405.21060): layers of a norm and a state-space mixer, without attention or position
/// embeddings. A sequence's memory does not grow with its length.
///
/// Steps are clamped to `time_step_limit` in prefill and in decoding, as in mlx-lm; transformers clamps them in prefill
/// only. The public checkpoints have no limits.
enum Mamba2 {
  static let architecture = Architecture(
    "mamba2",
    gguf: GGUFConversion(
      "mamba2",
      tensors: GGUFConversion.stateSpaceTensors("mixer").merging(["norm": "attn_norm"]) { $1 },
      keys: GGUFConversion.stateSpaceKeys, export: rules, configure: configure,
      restore: GGUFConversion.restoringDecay),
    mlx: .plain,
    shapes: SyntheticShape.mamba2
  ) { try model($0, $1) }

  private static let rules = GGUFExport.Rules(
    change: { tensor, configuration in
      [tensor.stateSpace(groups: try configuration.integer("n_groups", 1...65536, default: 1))]
    },
    complete: { fields, configuration in
      let hidden = try configuration.integer("hidden_size", 1...1 << 20)
      let inner = try configuration.integer(
        "intermediate_size", 1...1 << 24,
        default: configuration.integer("expand", 1...64, default: 2) * hidden)
      try fields.set("ssm.inner_size", inner)
      try fields.set(
        "ssm.time_step_rank", inner / configuration.integer("head_dim", 1...65536, default: 64))
      let defaults = [("ssm.conv_kernel", 4), ("ssm.state_size", 128), ("ssm.group_count", 1)]
      for (key, fallback) in defaults where fields[key] == nil { try fields.set(key, fallback) }
      try fields.setRecurrentOnly(configuration)
    })

  private static func configure(_ object: inout JSONObject) {
    object["layer_norm_epsilon"] = object["rms_norm_eps"]
    GGUFConversion.quotient("head_dim", of: "ssm_inner_size", by: "num_heads", &object)
  }

  static func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    let shape = try configuration.stateSpaceShape(.mamba2)
    let layerCount = try configuration.integer("num_hidden_layers", 1...4096)
    let vocabulary = try configuration.integer("vocab_size", 1...1 << 24)
    let epsilon = try configuration.positive("layer_norm_epsilon", default: 1e-5)
    guard try configuration.activation() == .silu else {
      throw ModelError.unsupported("Mamba-2's convolution supports the activation 'silu' only")
    }

    let embedding = try EmbeddingAndHead(
      table: "backbone.embeddings", vocabulary: vocabulary, hidden: shape.hidden,
      tied: configuration.bool("tie_word_embeddings", default: false),
      norm: weights.norm("backbone.norm_f", size: shape.hidden, epsilon: epsilon), weights)
    let layers = try (0..<layerCount).map { index in
      let prefix = "backbone.layers.\(index)."
      return [
        Block(
          try StateSpaceMixer(prefix + "mixer.", shape, epsilon: epsilon, weights),
          norm: try weights.norm(prefix + "norm", size: shape.hidden, epsilon: epsilon))
      ]
    }
    let facts = ModelFacts(
      architecture: try configuration.string("model_type"), vocabularyCount: vocabulary,
      // A recurrent state has no maximum length. The default is what llama.cpp's converter writes.
      contextLength: try configuration.contextLength(default: 1 << 20),
      layerCount: layerCount, work: weights.work)
    return try Decoder(facts, embedding: embedding, layers: layers, on: weights.backend)
  }
}
