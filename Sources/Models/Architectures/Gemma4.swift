import Basics
import Compute

/// Gemma 4's text model (google/gemma-4-E2B-it and its kin).
///
/// Norms before and after attention and feed-forward, and on each query, key and value head; layers with a sliding window
/// between layers of full attention, which may have other heads and values that are their keys. In the small models the
/// last layers read the caches of earlier ones, and each layer receives a small embedding of its own; in the mixture a
/// gated block and experts run side by side.
enum Gemma4 {
  static let architecture = Architecture(
    "gemma4_text", "gemma4",
    gguf: GGUFConversion(
      "gemma4", tensors: ggufTensors,
      keys: [
        "attention.key_length": "global_head_dim", "attention.key_length_swa": "head_dim",
        "attention.shared_kv_layers": "num_kv_shared_layers",
        "embedding_length_per_layer_input": "hidden_size_per_layer_input",
      ], export: rules
    ) { try configure(&$0) },
    mlx: mlx
  ) { try Gemma4Loader($0, $1).model() }

  /// mlx-lm leaves out the keys and values of layers that read the caches of earlier ones.
  private static let mlx = MLXConversion(
    eightBits: ["router.proj"],
    leavesOut: { name, configuration in
      let unused = ["rotary_emb", "input_max", "input_min", "output_max", "output_min"]
      if unused.contains(where: { name.contains("." + $0) }) { return true }
      let parts = name.split(separator: ".")
      guard let index = parts.firstIndex(of: "layers"), parts.count > index + 3,
        let layer = Int(parts[index + 1]),
        parts[index + 2] == "self_attn", ["k_proj", "v_proj", "k_norm"].contains(parts[index + 3])
      else { return false }
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      return try layer >= count - configuration.integer("num_kv_shared_layers", 0...count, default: 0)
    },
    divides: [
      "experts.gate_up_proj": ["experts.switch_glu.gate_proj", "experts.switch_glu.up_proj"],
      "experts.down_proj": ["experts.switch_glu.down_proj"],
    ], part: MLXConversion.languageModel)

  private static let ggufTensors = Gemma3.ggufTensors.merging([
    "model.embed_tokens_per_layer": "per_layer_token_embd",
    "model.per_layer_model_projection": "per_layer_model_proj",
    "model.per_layer_projection_norm": "per_layer_proj_norm", "per_layer_input_gate": "inp_gate",
    "per_layer_projection": "proj", "post_per_layer_input_norm": "post_norm",
    "layer_scalar": "layer_output_scale.weight", "post_feedforward_layernorm_1": "post_ffw_norm_1",
    "post_feedforward_layernorm_2": "post_ffw_norm_2", "pre_feedforward_layernorm_2": "pre_ffw_norm_2",
    "router.proj": "ffn_gate_inp", "router.scale": "ffn_gate_inp.scale",
    "router.per_expert_scale": "ffn_down_exps.scale", "experts.gate_up_proj": "ffn_gate_up_exps.weight",
    "experts.down_proj": "ffn_down_exps.weight",
  ]) { $1 }

  private static let rules = GGUFExport.Rules(
    keys: ["final_logit_softcapping", "expert_feed_forward_length"], isTied: true,
    complete: { fields, configuration in
      try Gemma3.setDefaults(&fields)
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let windows = try configuration.windows(count: count, default: 512) { _ in false }
      try fields.setWindows(configuration, slides: { _ in false })
      let heads = try configuration.integer("num_attention_heads", 1...65536)
      let hidden = try configuration.integer("hidden_size", 1...1 << 24)
      let size = try configuration.integer("head_dim", 1...65536, default: max(1, hidden / heads))
      let global = try configuration.integer("global_head_dim", 1...65536, default: size)
      for (key, value) in [
        ("attention.key_length", global), ("attention.value_length", global),
        ("attention.key_length_swa", size), ("attention.value_length_swa", size),
        ("rope.dimension_count", global), ("rope.dimension_count_swa", size),
      ] { try fields.set(key, value) }
      for key in ["attention.shared_kv_layers", "embedding_length_per_layer_input"]
      where fields[key] == nil { try fields.set(key, 0) }
      let keyHeads = try configuration.integer("num_key_value_heads", 1...65536, default: heads)
      if try configuration.bool("attention_k_eq_v", default: false),
        configuration.has("num_global_key_value_heads")
      {
        let globalHeads = try configuration.integer("num_global_key_value_heads", 1...65536)
        if globalHeads != keyHeads {
          fields["attention.head_count_kv"] = .integers(
            windows.map { Int32($0 == nil ? globalHeads : keyHeads) })
        }
      }
      if try configuration.bool("use_double_wide_mlp", default: false) {
        let inner = try configuration.integer("intermediate_size", 1...1 << 24)
        let first = try count - configuration.integer("num_kv_shared_layers", 0...count, default: 0)
        fields["feed_forward_length"] = .integers(
          (0..<count).map { Int32($0 < first ? inner : 2 * inner) })
      }
    })

  /// The converter writes widths and heads for each layer, and which pairs full attention rotates as factors.
  private static func configure(_ object: inout JSONObject) throws {
    if let widths = object["intermediate_size"]?.asArray, let first = widths.first {
      object["intermediate_size"] = first
      object["use_double_wide_mlp"] = .bool(widths.last != first)
    }
    if let heads = object["num_key_value_heads"]?.asArray, let kinds = object["layer_types"]?.asArray {
      for (count, kind) in zip(heads, kinds) {
        object[kind == "full_attention" ? "num_global_key_value_heads" : "num_key_value_heads"] = count
      }
    }
    // A file without the values of full attention has its keys in their place.
    object["values_may_be_keys"] = true
    if let experts = object["num_local_experts"], experts != .integer(0) {
      object["enable_moe_block"] = true
      object["num_experts"] = experts
      object["top_k_experts"] = object["num_experts_per_tok"]
    }
    var full = object["rope_scaling"]?.asObject ?? JSONObject()
    full["rope_theta"] = object["rope_theta"]
    var sliding = JSONObject()
    sliding["rope_theta"] = object["rope_local_base_freq"]
    object["rope_parameters"] = ["full_attention": .object(full), "sliding_attention": .object(sliding)]
    (object["rope_scaling"], object["rope_dimension_count"]) = (nil, nil)
  }
}

/// Reads the configuration and loads the layers.
private struct Gemma4Loader {
  let configuration: ModelConfiguration
  let weights: ModelWeights
  let shape: DecoderShape
  let full: DecoderShape
  let windows: [Int?]
  let sharing: CacheSharing
  let activation: Activation
  let perLayerWidth: Int

  init(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws {
    guard try configuration.optionalString("use_bidirectional_attention") != "all" else {
      throw ModelError.unsupported(
        "'use_bidirectional_attention': 'all' is not supported by this architecture")
    }
    self.configuration = configuration
    self.weights = weights
    shape = try DecoderShape(configuration, tiedByDefault: true)
    guard try configuration.layerTypes(count: shape.layers) != nil else {
      throw ModelError.missingKey("layer_types")
    }
    windows = try configuration.windows(count: shape.layers, default: 512) { _ in false }
    var heads = shape.keyValueHeads
    let mayBeKeys = try configuration.bool("values_may_be_keys", default: false)
    if try mayBeKeys || configuration.bool("attention_k_eq_v", default: false) {
      heads = try configuration.integer("num_global_key_value_heads", 1...shape.heads, default: heads)
      guard shape.heads % heads == 0 else {
        throw ModelError.wrongValue(
          key: "num_global_key_value_heads", expected: "a divisor of num_attention_heads")
      }
    }
    let size = try configuration.integer("global_head_dim", 2...65536, default: shape.headSize)
    full = shape.with(headSize: size / 2 * 2, keyValueHeads: heads)
    sharing = try CacheSharing(configuration, windows)
    activation = try configuration.activation(default: "gelu_pytorch_tanh")
    perLayerWidth = try configuration.integer("hidden_size_per_layer_input", 0...65536, default: 0)
  }

  func model() throws -> Decoder {
    var embedding = try EmbeddingAndHead(
      shape, weights, scale: Float(shape.hidden).squareRoot(),
      softcap: configuration.optionalNumber("final_logit_softcapping").map { Float($0) })
    if perLayerWidth > 0 {
      // A token outside of the table would have no vector.
      let count = try configuration.integer(
        "vocab_size_per_layer_input", shape.vocabulary...1 << 24, default: shape.vocabulary)
      embedding.perLayer = try PerLayerInputs(
        "model.", width: perLayerWidth, vocabulary: count, shape, weights)
    }
    return try Decoder(
      shape, embedding: embedding, layers: (0..<shape.layers).map { try layer($0) }, weights)
  }

  private func layer(_ index: Int) throws -> [Block] {
    let prefix = "model.layers.\(index)."
    let scale = try weights.scalar(prefix + "layer_scalar")
    let feedForward = try feedForward(prefix, index)
    var blocks = [
      Block(
        try attention(prefix + "self_attn.", index), norm: try norm(prefix + "input_layernorm"),
        normAfter: try norm(prefix + "post_attention_layernorm"))
    ]
    let after = try norm(prefix + "post_feedforward_layernorm")
    guard perLayerWidth > 0 else {
      return blocks + [Block(feedForward, normAfter: after, outputScale: scale)]
    }
    let gate = try PerLayerGate(prefix, index, width: perLayerWidth, shape, activation, weights)
    blocks.append(Block(feedForward, normAfter: after))
    blocks.append(
      Block(gate, normAfter: try norm(prefix + "post_per_layer_input_norm"), outputScale: scale))
    return blocks
  }

  private func attention(_ prefix: String, _ index: Int) throws -> SelfAttention {
    let isFull = windows[index] == nil
    let shape = isFull ? full : shape
    let mayBeKeys = try configuration.bool("values_may_be_keys", default: false)
    let hasValues = mayBeKeys && weights.contains(prefix + "v_proj.weight")
    let valuesFromKeys =
      try isFull && !hasValues && (mayBeKeys || configuration.bool("attention_k_eq_v", default: false))
    let keyValues = sharing.slot(index).map { SelfAttention.KeyValues.shared(slot: $0) }
    var attention = try SelfAttention(
      prefix, shape,
      rotary: configuration.rotaryTable(
        headSize: shape.headSize, kind: isFull ? "full_attention" : "sliding_attention"), weights,
      scale: 1, window: windows[index], keyValues: keyValues ?? (valuesFromKeys ? .valuesFromKeys : .own))
    let query = try weights.norm(prefix + "q_norm", shape, size: shape.headSize)
    let key = keyValues == nil ? try weights.norm(prefix + "k_norm", shape, size: shape.headSize) : query
    attention.headNorms = (query, key)
    if keyValues != nil { weights.skipKeysAndValues(prefix) }
    attention.valueNorm = PlainRMSNorm(groupSize: shape.headSize, epsilon: Float(shape.epsilon))
    attention.settings.keepsUnseen = sharing.isReadAfter(index)
    return attention
  }

  /// The feed-forward block with the norm of its input; in the mixture, with the experts beside it.
  private func feedForward(_ prefix: String, _ index: Int) throws -> any BlockBody {
    let isWide =
      try sharing.slot(index) != nil && configuration.bool("use_double_wide_mlp", default: false)
    let dense = try GatedFeedForward(
      prefix + "mlp.", shape, activation, weights, inner: shape.intermediate * (isWide ? 2 : 1))
    let before = try norm(prefix + "pre_feedforward_layernorm")
    guard try configuration.bool("enable_moe_block", default: false) else {
      return SideBySide([Block(dense, norm: before)])
    }
    return SideBySide([
      Block(dense, norm: before, normAfter: try norm(prefix + "post_feedforward_layernorm_1")),
      Block(try mixture(prefix), normAfter: try norm(prefix + "post_feedforward_layernorm_2")),
    ])
  }

  private func mixture(_ prefix: String) throws -> NormedMixture {
    let experts = try configuration.integer("num_experts", 1...65536)
    let chosen = try configuration.integer("top_k_experts", 1...experts)
    var routing = RoutingSettings(count: chosen, scoring: .softmaxOverChosen)
    routing.factors = try weights.parameter(prefix + "router.per_expert_scale", [experts])
    let mlx = prefix + "experts.switch_glu."
    let stack = ExpertStack(
      prefix: weights.contains(mlx + "down_proj.weight") ? mlx : prefix + "experts.", experts: experts,
      hidden: shape.hidden, inner: try configuration.integer("moe_intermediate_size", 1...1 << 24),
      share: Double(chosen) / Double(experts))
    return NormedMixture(
      routerNorm: RMSNorm(
        weight: try weights.parameter(prefix + "router.scale", [shape.hidden]),
        epsilon: Float(shape.epsilon)),
      router: try weights.linear(prefix + "router.proj", inputs: shape.hidden, outputs: experts),
      norm: try norm(prefix + "pre_feedforward_layernorm_2"), routing: routing,
      experts: ExpertLayers(
        input: try stack.input(weights), down: try stack.down(weights), activation: activation))
  }

  private func norm(_ name: String) throws -> RMSNorm { try weights.norm(name, shape) }
}

/// A mixture of experts whose router and experts have norms of their own for the same input.
private struct NormedMixture: BlockBody {
  let routerNorm: RMSNorm
  let router: Linear
  let norm: RMSNorm
  let routing: RoutingSettings
  let experts: ExpertLayers

  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let routed = backend.scaled(
      routerNorm(x, on: backend), by: 1 / Float(x.columns).squareRoot(), softcap: nil)
    let logits = backend.linear(routed, [router], adding: nil)
    return backend.mixture(norm(x, on: backend), logits: logits, routing, experts, adding: residual)
  }
}
