import Compute

/// GPT-OSS (arXiv:2508.10925).
///
/// Pre-norm layers of grouped-query attention with biases and a sink logit per head, alternating between a sliding
/// window and full attention; a mixture of experts with clamped SwiGLU, with biases in router and experts.
enum GPTOSS {
  static let architecture = Architecture(
    "gpt_oss",
    gguf: GGUFConversion(
      "gpt-oss",
      tensors: [
        "post_attention_layernorm": "post_attention_norm", "self_attn.sinks": "attn_sinks.weight",
        "mlp.router": "ffn_gate_inp",
      ], keys: ["expert_feed_forward_length": "intermediate_size"], export: rules),
    mlx: MLXConversion(
      eightBits: ["router"],
      change: { tensor, configuration in
        guard try isPacked(configuration) else {
          throw ModelError.unsupported(
            "only gpt-oss in MXFP4 can be quantised: mlx-lm cannot read the other weights")
        }
        return try apart(tensor, configuration)
      }),
    conversation: .harmony, shapes: SyntheticShape.gptOSS
  ) { try model($0, $1) }

  private static let rules = GGUFExport.Rules(
    keys: ["attention.sliding_window"], change: { try apart($0, $1) },
    complete: { _, configuration in
      try configuration.requireWindowsForGGUF(default: 128) { $0 % 2 == 0 }
    })

  /// OpenAI's experts under the names of GGUF: the rows of gate and up alternate in one tensor. MXFP4 is kept.
  private static func apart(
    _ tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [ConvertedTensor] {
    let isPacked = try isPacked(configuration)
    guard let range = tensor.name.firstRange(of: "mlp.experts.") else { return [tensor] }
    let prefix = tensor.name[..<range.upperBound]
    switch tensor.name[range.upperBound...] {
    case "down_proj":
      return [try (isPacked ? tensor : tensor.transposed()).named(prefix + "down_proj.weight")]
    case "gate_up_proj":
      let rows = try isPacked ? tensor.matrices() : tensor.transposed()
      return [
        try rows.everyRow(2, from: 0, as: prefix + "gate_proj.weight"),
        try rows.everyRow(2, from: 1, as: prefix + "up_proj.weight"),
      ]
    case "down_proj_bias": return [tensor.named(prefix + "down_proj.bias")]
    case "gate_up_proj_bias":
      return [
        tensor.everyColumn(2, from: 0, as: prefix + "gate_proj.bias"),
        tensor.everyColumn(2, from: 1, as: prefix + "up_proj.bias"),
      ]
    default: return [tensor]
    }
  }

  /// Whether the experts are stored in MXFP4.
  private static func isPacked(_ configuration: ModelConfiguration) throws -> Bool {
    try configuration.object("quantization_config")?.optionalString("quant_method") == "mxfp4"
  }

  static func model(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws -> Decoder {
    let shape = try DecoderShape(configuration)
    let windows = try configuration.windows(count: shape.layers, default: 128) { $0 % 2 == 0 }
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)

    let embedding = try EmbeddingAndHead(shape, weights)
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      return [
        Block(
          try SelfAttention(
            prefix + "self_attn.", shape, rotary: rotary, weights, window: windows[index],
            sinks: try weights.parameter(prefix + "self_attn.sinks", [shape.heads])),
          norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          try mixture(prefix + "mlp.", shape, configuration, weights),
          norm: try weights.norm(prefix + "post_attention_layernorm", shape)),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }

  /// The router and the experts, under the names of OpenAI's checkpoint (unquantised or MXFP4) or of MLX and GGUF.
  private static func mixture(
    _ prefix: String, _ shape: DecoderShape, _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> ExpertMixture {
    let experts = try configuration.integer("num_local_experts", 1...65536)
    let key = "num_experts_per_tok"
    let chosen = try configuration.integer(key, 1...experts, default: 4)
    // The public checkpoints have OpenAI's key too, which no library reads; models with fewer experts keep its old value.
    guard
      try configuration.has(key)
        || configuration.integer("experts_per_token", 0...65536, default: chosen) == chosen
    else {
      throw ModelError.unsupported(
        "the configuration has 'experts_per_token' but no '\(key)', which models of this type have; add it to config.json"
      )
    }
    let stack = ExpertStack(
      prefix: prefix + "experts.", experts: experts, hidden: shape.hidden, inner: shape.intermediate,
      share: Double(chosen) / Double(experts))
    let activation = Activation.clampedSwiGLU(
      alpha: Float(try configuration.number("swiglu_alpha", default: 1.702)),
      limit: Float(try configuration.number("swiglu_limit", default: 7)))
    return ExpertMixture(
      router: try weights.linear(prefix + "router", inputs: shape.hidden, outputs: experts),
      routing: RoutingSettings(count: chosen, scoring: .softmaxOverChosen),
      experts: ExpertLayers(
        input: try stack.input(weights), down: try stack.down(weights), activation: activation))
  }
}
