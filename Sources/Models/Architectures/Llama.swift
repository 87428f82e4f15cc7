import Compute

/// Llama (arXiv:2302.13971, 2407.21783) and what shares its layers: SmolLM2, MobileLLM, TinyLlama, Yi.
///
/// Pre-norm layers of grouped-query attention and a gated feed-forward block; biases where the file has
/// them; the output head may be the embedding.
final class Llama: LanguageModel {
  let facts: ModelFacts

  private struct Layer {
    let attentionNorm: RMSNorm
    let attention: SelfAttention
    let feedForwardNorm: RMSNorm
    let feedForward: GatedFeedForward
  }

  private let shape: DecoderShape
  private let backend: any Backend
  private let ends: DecoderEnds
  private let layers: [Layer]

  init(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws {
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize)
    let activation = try configuration.activation()
    let hidden = shape.hidden

    self.shape = shape
    backend = weights.backend
    ends = try DecoderEnds(shape, weights)
    layers = try (0..<shape.layers).map { index in
      let prefix = "model.layers.\(index)."
      return Layer(
        attentionNorm: try weights.norm(prefix + "input_layernorm", size: hidden, epsilon: shape.epsilon),
        attention: try SelfAttention(prefix + "self_attn.", shape, rotary: rotary, weights),
        feedForwardNorm: try weights.norm(
          prefix + "post_attention_layernorm", size: hidden, epsilon: shape.epsilon),
        feedForward: try GatedFeedForward(prefix + "mlp.", shape, activation, weights))
    }
    facts = shape.facts("llama", weights.work)
  }

  func makeCaches() -> [any LayerCache] {
    layers.map { _ in
      backend.keyValueCache(heads: shape.keyValueHeads, headSize: shape.headSize, window: nil)
    }
  }

  func forward(_ input: ForwardInput) throws -> Tensor {
    var x = ends.embed(input, on: backend)
    for (index, layer) in layers.enumerated() {
      let normed = layer.attentionNorm(x, on: backend)
      x = try layer.attention(normed, layer: index, input, adding: x, on: backend)
      if index == layers.count - 1 { x = input.selectOutputs(x, on: backend) }
      x = layer.feedForward(layer.feedForwardNorm(x, on: backend), adding: x, on: backend)
    }
    return ends.logits(x, on: backend)
  }
}
