import Compute

/// Falcon-H1 (arXiv:2507.22448): attention and a Mamba-2 mixer side by side in every layer, then a gated feed-forward
/// block, with a factor on nearly every activation.
///
/// mlx-lm's conversions have multiplied the weights by most of the factors, but not by `key_multiplier` nor the values'
/// projection by `attention_in_multiplier`. Here they have their effect, as in transformers; mlx-lm drops them.
enum FalconH1 {
  static let architecture = Architecture(
    "falcon_h1",
    // The converter multiplies the weights by all factors.
    gguf: GGUFConversion(
      "falcon-h1",
      tensors: GGUFConversion.stateSpaceTensors("mamba").merging(GGUFConversion.feedForwardTensors) { $1 }
        .merging(["model.final_layernorm": "output_norm", "pre_ff_layernorm.weight": "ffn_norm"]) { $1 },
      keys: GGUFConversion.hybridStateSpaceKeys.merging(["ssm.inner_size": "mamba_d_ssm"]) { $1 },
      export: rules, configure: { $0["mamba_norm_before_gate"] = false },
      restore: GGUFConversion.restoringDecay),
    mlx: mlx, shapes: SyntheticShape.falconH1
  ) {
    configuration, weights in
    let shape = try DecoderShape(configuration)
    try configuration.requireSiLU()
    try configuration.require("mamba_use_mlp", true)
    guard !configuration.has("attn_layer_indices") else {
      throw ModelError.unsupported("'attn_layer_indices' is not supported by this architecture")
    }
    let inner = try configuration.integer(
      "mamba_d_ssm", 1...1 << 24,
      default: configuration.integer("mamba_expand", 1...64, default: 2) * shape.hidden)
    let mixerShape = try configuration.stateSpaceShape(.hybrid, inner: inner)
    let isFolded = try weights.isConvolutionFromMLX(
      "model.layers.0.mamba.conv1d", channels: mixerShape.channels, taps: mixerShape.taps)
    let factors = try Factors(configuration, isFolded: isFolded)
    var variant = StateSpaceVariant()
    variant.normalises = try configuration.bool(
      "mamba_rms_norm", default: weights.contains("model.layers.0.mamba.norm.weight"))
    variant.gatesFirst = try !configuration.bool("mamba_norm_before_gate", default: true)
    variant.factors = factors.mixer
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)
    let scale = factors.key / Float(shape.headSize).squareRoot()

    let embedding = try EmbeddingAndHead(
      table: "model.embed_tokens", vocabulary: shape.vocabulary, hidden: shape.hidden, tied: shape.tied,
      norm: weights.norm("model.final_layernorm", shape), weights, scale: factors.embeddings,
      logitScale: factors.logits(isTied: shape.tied && !weights.contains("lm_head.weight")))
    let layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let mixer = try StateSpaceMixer(prefix + "mamba.", mixerShape, epsilon: shape.epsilon, weights, variant)
      let attention = try SelfAttention(
        prefix + "self_attn.", shape, rotary: rotary, weights, scale: scale)
      var feedForward = try GatedFeedForward(prefix + "feed_forward.", shape, .silu, weights)
      feedForward.gateScale = factors.feedForward.gate
      return [
        Block(
          SideBySide([
            Block(mixer, inputScale: factors.mixerInput, scale: factors.mixerOutput),
            Block(attention, inputScale: factors.attentionInput, scale: factors.attentionOutput),
          ]), norm: try weights.norm(prefix + "input_layernorm", shape)),
        Block(
          feedForward, norm: try weights.norm(prefix + "pre_ff_layernorm", shape),
          scale: factors.feedForward.down),
      ]
    }
    return try Decoder(shape, embedding: embedding, layers: layers, weights)
  }
}

/// The factors on activations.
private struct Factors {
  var embedding: Float
  var head: Float
  var attentionInput: Float
  var attentionOutput: Float
  var key: Float
  var mixerInput: Float
  var mixerOutput: Float
  var mixer: StateSpaceVariant.Factors?
  var feedForward: (gate: Float, down: Float)
  private var isFolded: Bool

  /// - Parameter isFolded: whether the weights have most of the factors already.
  init(_ configuration: ModelConfiguration, isFolded: Bool) throws {
    func factor(_ key: String) throws -> Float { Float(try configuration.number(key, default: 1)) }
    func factors(_ key: String, _ count: Int) throws -> [Float] {
      let list = try configuration.numbers(key) ?? Array(repeating: 1, count: count)
      guard list.count == count else { throw ModelError.wrongValue(key: key, expected: "\(count) numbers") }
      return list.map { Float($0) }
    }
    self.isFolded = isFolded
    embedding = try factor("embedding_multiplier")
    head = try factor("lm_head_multiplier")
    attentionInput = try factor("attention_in_multiplier")
    attentionOutput = try factor("attention_out_multiplier")
    key = try factor("key_multiplier")
    mixerInput = try factor("ssm_in_multiplier")
    mixerOutput = try factor("ssm_out_multiplier")
    let parts = try factors("ssm_multipliers", 5), blocks = try factors("mlp_multipliers", 2)
    mixer = .init(gate: parts[0], inputs: parts[1], b: parts[2], c: parts[3], steps: parts[4])
    feedForward = (blocks[0], blocks[1])
    guard isFolded else { return }
    try FalconH1.requireNoBiases(configuration)
    // The output is linear in the values, whose factor is the one that the conversion left out.
    attentionOutput = attentionInput
    (attentionInput, mixerInput, mixerOutput, mixer, feedForward) = (1, 1, 1, nil, (1, 1))
  }

  /// The factor on the embeddings.
  var embeddings: Float { isFolded ? 1 : embedding }

  /// The factor on the logits.
  /// - Parameter isTied: whether the head is the embedding table.
  func logits(isTied: Bool) -> Float {
    guard isFolded else { return head }
    return isTied ? head / embedding : 1
  }
}
