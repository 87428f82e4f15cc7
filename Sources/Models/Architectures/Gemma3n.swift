import Basics
import Compute
import Foundation

/// Gemma 3n's text model (google/gemma-3n-E2B-it and its kin).
///
/// As in Gemma 4's small models, each layer receives a small embedding of its own, and the last layers read the caches of
/// earlier ones. The residual is several parallel streams (`AltUp`), of which each layer computes one and predicts the
/// others; a low-rank projection runs beside attention; the first layers keep only the largest gates of their
/// feed-forward block.
enum Gemma3n {
  static let architecture = Architecture(
    "gemma3n_text", "gemma3n",
    gguf: GGUFConversion(
      "gemma3n", tensors: ggufTensors,
      keys: [
        "attention.shared_kv_layers": "num_kv_shared_layers",
        "embedding_length_per_layer_input": "hidden_size_per_layer_input",
        "altup.active_idx": "altup_active_idx", "altup.num_inputs": "altup_num_inputs",
        "activation_sparsity_scale": "activation_sparsity_scale",
      ], export: rules
    ) { object in
      // Layers that keep all gates have the quantile -infinity.
      let scales = object["activation_sparsity_scale"]?.asArray?.map { scale in
        if case .number(let number) = scale, !number.isFinite { JSON.number(-1e38) } else { scale }
      }
      object["activation_sparsity_scale"] = scales.map { .array($0) }
      // llama.cpp's base of the layers with a window.
      object["rope_local_base_freq"] = object["rope_local_base_freq"] ?? 10000
    },
    mlx: MLXConversion(
      part: { $0.hasPrefix("model.language_model.") ? $0 : nil }, isOnlyPart: true)
  ) { try Gemma3nLoader($0, $1).model() }

  private static let ggufTensors = Gemma3.ggufTensors.merging([
    "model.embed_tokens_per_layer": "per_layer_token_embd",
    "model.per_layer_model_projection": "per_layer_model_proj",
    "model.per_layer_projection_norm": "per_layer_proj_norm", "per_layer_input_gate": "inp_gate",
    "per_layer_projection": "proj", "post_per_layer_input_norm": "post_norm",
    "model.altup_projections": "altup_proj", "model.altup_unembed_projections": "altup_unembd_proj",
    "altup.correct_output_scale": "altup_correct_scale.weight",
    "altup.correction_coefs": "altup_correct_coef",
    "altup.prediction_coefs": "altup_predict_coef", "altup.modality_router": "altup_router",
    "altup.router_norm": "altup_router_norm", "laurel.linear_left": "laurel_l",
    "laurel.linear_right": "laurel_r", "laurel.post_laurel_norm": "laurel_post_norm",
  ]) { $1 }
}

/// Reads the configuration and loads the layers.
private struct Gemma3nLoader {
  let configuration: ModelConfiguration
  let weights: ModelWeights
  let shape: DecoderShape
  let windows: [Int?]
  let sharing: CacheSharing
  let activation: Activation
  let width: Int
  let streams: AltUpShape
  let rotary: (local: RotaryTable, global: RotaryTable)
  /// For each layer the number of standard deviations above the mean that gates have to exceed; nil for all gates.
  let thresholds: [Float?]

  init(_ configuration: ModelConfiguration, _ weights: ModelWeights) throws {
    self.configuration = configuration
    self.weights = weights
    shape = try DecoderShape(configuration, tiedByDefault: true)
    guard try configuration.layerTypes(count: shape.layers) != nil else {
      throw ModelError.missingKey("layer_types")
    }
    windows = try configuration.windows(count: shape.layers, default: 512) { _ in false }
    sharing = try CacheSharing(configuration, windows)
    activation = try configuration.activation(default: "gelu_pytorch_tanh")
    width = try configuration.integer("hidden_size_per_layer_input", 1...65536)
    let count = try configuration.integer("altup_num_inputs", 2...16, default: 4)
    streams = AltUpShape(
      count: count, active: try configuration.integer("altup_active_idx", 0...count - 1, default: 0),
      hidden: shape.hidden)
    rotary = try Gemma3.rotaryTables(configuration, headSize: shape.headSize)
    thresholds = try Self.thresholds(configuration, layers: shape.layers)
  }

  func model() throws -> Decoder {
    var embedding = try EmbeddingAndHead(
      shape, weights, scale: Float(shape.hidden).squareRoot(),
      softcap: configuration.optionalNumber("final_logit_softcapping").map { Float($0) })
    // Tokens of pictures and sounds have no vectors of their own.
    let rows = try configuration.integer(
      "vocab_size_per_layer_input", 1...1 << 24, default: shape.vocabulary)
    embedding.perLayer = try PerLayerInputs("model.", width: width, vocabulary: rows, shape, weights)
    let layers = try (0..<shape.layers).map { [Block(try layer($0))] }
    let first = Block(try AltUpExpansion("model.altup_projections", streams, weights))
    let last = Block(try AltUpReduction("model.altup_unembed_projections", streams, weights))
    return try Decoder(shape, embedding: embedding, layers: [[first]] + layers + [[last]], weights)
  }

  private func layer(_ index: Int) throws -> Gemma3nLayer {
    let prefix = "model.layers.\(index)."
    let rank = try configuration.integer("laurel_rank", 1...65536, default: 64)
    // A table of one row.
    let scale = try weights.backend.parameter(
      Weight(
        shape: [1, shape.hidden],
        numbers: weights.stored(prefix + "altup.correct_output_scale", [shape.hidden]).floats()))
    return Gemma3nLayer(
      streams: streams, update: try AltUp(prefix + "altup.", streams, epsilon: shape.epsilon, weights),
      inputNorm: try norm(prefix + "input_layernorm"),
      laurel: (
        left: try weights.linear(prefix + "laurel.linear_left", inputs: shape.hidden, outputs: rank),
        right: try weights.linear(prefix + "laurel.linear_right", inputs: rank, outputs: shape.hidden),
        norm: try norm(prefix + "laurel.post_laurel_norm")
      ),
      attention: try attention(prefix + "self_attn.", index),
      attentionNorm: try norm(prefix + "post_attention_layernorm"),
      feedForward: Block(
        SparseFeedForward(
          dense: try GatedFeedForward(prefix + "mlp.", shape[layer: index], activation, weights),
          threshold: try thresholds[index].map {
            try RowThreshold($0, columns: shape[layer: index].intermediate, weights)
          }),
        norm: try norm(prefix + "pre_feedforward_layernorm"),
        normAfter: try norm(prefix + "post_feedforward_layernorm")),
      outputScale: try configuration.bool("altup_correct_scale", default: true) ? scale : nil,
      perLayer: try PerLayerGate(prefix, index, width: width, shape, activation, weights),
      perLayerNorm: try norm(prefix + "post_per_layer_input_norm"))
  }

  private func attention(_ prefix: String, _ index: Int) throws -> SelfAttention {
    var attention = try SelfAttention(
      prefix, shape, rotary: windows[index] == nil ? rotary.global : rotary.local, weights, scale: 1,
      window: windows[index], keyValues: sharing.slot(index).map { .shared(slot: $0) } ?? .own)
    let query = try weights.norm(prefix + "q_norm", shape, size: shape.headSize)
    let key =
      sharing.slot(index) == nil ? try weights.norm(prefix + "k_norm", shape, size: shape.headSize) : query
    attention.headNorms = (query, key)
    if sharing.slot(index) != nil { weights.skipKeysAndValues(prefix) }
    attention.valueNorm = PlainRMSNorm(groupSize: shape.headSize, epsilon: Float(shape.epsilon))
    attention.settings.keepsUnseen = sharing.isReadAfter(index)
    return attention
  }

  private func norm(_ name: String) throws -> RMSNorm { try weights.norm(name, shape) }

  /// From the share of gates that are dropped, as quantiles of the normal distribution; GGUF files have the quantiles.
  private static func thresholds(_ configuration: ModelConfiguration, layers: Int) throws -> [Float?] {
    let scale = "activation_sparsity_scale", share = "activation_sparsity_pattern"
    let key = configuration.has(scale) ? scale : share
    guard let numbers = try configuration.numbers(key) else {
      let same = try configuration.number(share, default: 0)
      return Array(repeating: same > 0 ? Float(Gemma3n.normalQuantile(same)) : nil, count: layers)
    }
    guard numbers.count == layers else {
      throw ModelError.wrongValue(key: key, expected: "one value for each of \(layers) layers")
    }
    return numbers.map { number in
      if key == scale { return number.isFinite && number > -1e30 ? Float(number) : nil }
      return number > 0 ? Float(Gemma3n.normalQuantile(number)) : nil
    }
  }
}

/// One layer: predicts all streams, computes the active one, and corrects the others by it.
private struct Gemma3nLayer: BlockBody {
  let streams: AltUpShape
  let update: AltUp
  let inputNorm: RMSNorm
  let laurel: (left: Linear, right: Linear, norm: RMSNorm)
  let attention: SelfAttention
  let attentionNorm: RMSNorm
  let feedForward: Block
  let outputScale: Parameter?
  let perLayer: PerLayerGate
  let perLayerNorm: RMSNorm

  var caches: [CacheShape] { attention.caches }
  var attentionMultiplyAdds: Double { attention.attentionMultiplyAdds }
  var mixesPositions: Bool { true }

  /// - Parameter residual: not used: the result takes the place of the streams.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let predictions = update.predictions(x, on: backend)
    let active = streams.active(predictions, on: backend)
    let normed = inputNorm(active, on: backend)
    let low = backend.linear(backend.linear(normed, [laurel.left], adding: nil), [laurel.right], adding: nil)
    let beside = backend.add(normed, laurel.norm(low, on: backend), scale: 1)
    let attended = try attention(normed, input, slot: slot, adding: nil, on: backend)
    var sum = backend.add(active, attentionNorm(attended, on: backend), scale: 1)
    sum = backend.scaled(
      backend.add(sum, beside, scale: 1), by: Float(0.5).squareRoot(), softcap: nil)
    let activated = try feedForward(sum, input, slot: 0, adding: sum, on: backend)
    let corrected = update.corrected(predictions, activated, on: backend)
    var first = streams.active(corrected, on: backend)
    if let outputScale {
      let rows = Tokens([Int32](repeating: 0, count: x.rows))
      first = backend.gated(first, by: backend.embedding(rows, table: outputScale, scale: 1), .identity)
    }
    let own = perLayerNorm(perLayer(first, input, slot: 0, adding: nil, on: backend), on: backend)
    return streams.adding(own, exceptFirst: corrected, on: backend)
  }
}

/// A gated block, of whose gates only those far above the mean count.
private struct SparseFeedForward: BlockBody {
  let dense: GatedFeedForward
  let threshold: RowThreshold?

  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    guard let threshold else { return dense(x, input, slot: slot, adding: residual, on: backend) }
    let projected = backend.linear(x, dense.inputs, adding: nil)
    let inner = projected.columns / 2
    let gate = threshold(backend.columns(projected, 0..<inner), on: backend)
    let hidden = backend.gated(backend.columns(projected, inner..<2 * inner), by: gate, dense.activation)
    return backend.linear(hidden, [dense.down], adding: residual)
  }
}

/// max(x - mean - count * deviation, 0) of each row.
private struct RowThreshold {
  /// -count for each column: added to the row's layer normalisation.
  let bias: Parameter
  let mean: RowMean

  init(_ count: Float, columns: Int, _ weights: ModelWeights) throws {
    bias = try weights.vector([Float](repeating: -count, count: columns))
    mean = try RowMean(columns, weights)
  }

  func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    let epsilon: Float = 1e-12
    let normed = backend.layerNorm(x, weight: nil, bias: nil, epsilon: epsilon)
    let above = backend.activated(backend.layerNorm(x, weight: nil, bias: bias, epsilon: epsilon), .relu)
    // The mean of x times its normalised form is the standard deviation.
    let deviation = mean(backend.gated(x, by: normed, .identity), on: backend)
    return backend.gated(above, by: deviation, .identity)
  }
}
