import Compute

/// GPT-OSS (arXiv:2508.10925).
///
/// Pre-norm layers of grouped-query attention with a sink logit for each head and biases, every other one
/// sliding; a mixture of experts with a clamped SwiGLU whose router and experts have biases.
final class GPTOSS: LanguageModel {
  let facts: ModelFacts

  private struct Layer {
    let window: Int?
    let attentionNorm: RMSNorm
    let attention: SelfAttention
    let mixtureNorm: RMSNorm
    let mixture: ExpertMixture
  }

  private let shape: DecoderShape
  private let backend: any Backend
  private let ends: DecoderEnds
  private let layers: [Layer]

  init(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws {
    let shape = try DecoderShape(configuration)
    let sliding = try configuration.slidingLayers(count: shape.layers) { $0 % 2 == 0 }
    let window = try configuration.integer("sliding_window", 1...1 << 40, default: 128)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)

    self.shape = shape
    backend = weights.backend
    ends = try DecoderEnds(shape, weights)
    layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      let layerWindow = sliding[index] ? window : nil
      return Layer(
        window: layerWindow,
        attentionNorm: try weights.norm(
          prefix + "input_layernorm", size: shape.hidden, epsilon: shape.epsilon),
        attention: try SelfAttention(
          prefix + "self_attn.", shape, rotary: rotary, weights, window: layerWindow,
          sinks: try weights.parameter(prefix + "self_attn.sinks", [shape.heads])),
        mixtureNorm: try weights.norm(
          prefix + "post_attention_layernorm", size: shape.hidden, epsilon: shape.epsilon),
        mixture: try Self.mixture(prefix + "mlp.", shape, configuration, weights))
    }
    facts = shape.facts("gpt_oss", weights.work)
  }

  /// The router and the experts, under the names of OpenAI's checkpoint (float or MXFP4), or of MLX and GGUF.
  private static func mixture(
    _ prefix: String, _ shape: DecoderShape, _ configuration: ModelConfiguration, _ weights: ModelWeights
  ) throws -> ExpertMixture {
    let experts = try configuration.integer("num_local_experts", 1...65536)
    let chosenKey = configuration.has("num_experts_per_tok") ? "num_experts_per_tok" : "experts_per_token"
    let chosen = try configuration.integer(chosenKey, 1...experts, default: 4)
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

  func makeCaches() -> [any LayerCache] {
    layers.map {
      backend.keyValueCache(heads: shape.keyValueHeads, headSize: shape.headSize, window: $0.window)
    }
  }

  func forward(_ input: ForwardInput) throws -> Tensor {
    var x = ends.embed(input, on: backend)
    for (index, layer) in layers.enumerated() {
      let normed = layer.attentionNorm(x, on: backend)
      x = try layer.attention(normed, layer: index, input, adding: x, on: backend)
      if index == layers.count - 1 { x = input.selectOutputs(x, on: backend) }
      x = layer.mixture(layer.mixtureNorm(x, on: backend), adding: x, on: backend)
    }
    return ends.logits(x, on: backend)
  }
}
