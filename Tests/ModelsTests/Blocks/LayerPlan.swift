import Checkpoints
import Compute
import Models
import Testing

/// A description of a tiny decoder's layers, from which both the model and its float64 reference are built.
struct LayerPlan: Sendable, CustomTestStringConvertible {
  indirect enum Body: Sendable {
    case attention(window: Int? = nil)
    case feedForward
    case scan
    case convolution
    case sideBySide([Plan])
  }

  enum NormKind: Sendable { case rms, layer }

  struct Plan: Sendable {
    var body: Body
    var norm: NormKind?
    var normAfter: NormKind?
    var inputScale: Float = 1
    var scale: Float = 1
  }

  let testDescription: String
  let layers: [[Plan]]
  var embeddingScale: Float = 1
  var logitScale: Float = 1

  static let hidden = 24, heads = 4, keyValueHeads = 2, headSize = 6, inner = 40, vocabulary = 50
  static let epsilon = 1e-5
  /// Kernel size of the convolution block.
  static let taps = 4
  /// Sizes of the scan.
  static let scanHeads = 3, scanHeadSize = 4, stateSize = 5, scanTaps = 3

  static let all: [LayerPlan] = [
    LayerPlan(
      testDescription: "one norm for attention and feed-forward (Phi, Cohere)",
      layers: Array(
        repeating: [
          Plan(body: .sideBySide([Plan(body: .attention()), Plan(body: .feedForward)]), norm: .layer)
        ], count: 2), logitScale: 0.25),
    LayerPlan(
      testDescription: "attention and feed-forward side by side with two norms (GPT-NeoX)",
      layers: Array(
        repeating: [
          Plan(
            body: .sideBySide([
              Plan(body: .attention(), norm: .layer), Plan(body: .feedForward, norm: .layer),
            ]))
        ], count: 2)),
    LayerPlan(
      testDescription: "attention and a scan side by side (Falcon-H1)",
      layers: Array(
        repeating: [
          Plan(
            body: .sideBySide([
              Plan(body: .attention(), inputScale: 1.25, scale: 0.7),
              Plan(body: .scan, inputScale: 0.8, scale: -0.5),
            ]), norm: .rms), Plan(body: .feedForward, norm: .rms, scale: 0.5),
        ], count: 2), embeddingScale: 3),
    LayerPlan(
      testDescription: "norms after the body only (OLMo 2)",
      layers: Array(
        repeating: [
          Plan(body: .attention(), normAfter: .rms), Plan(body: .feedForward, normAfter: .rms),
        ], count: 2)),
    LayerPlan(
      testDescription: "one block a layer (Nemotron-H)",
      layers: [Body.scan, .feedForward, .attention(), .feedForward].map { [Plan(body: $0, norm: .rms)] }),
    LayerPlan(
      testDescription: "multipliers (Granite)",
      layers: [
        [
          Plan(body: .attention(), norm: .rms, scale: 0.3),
          Plan(body: .feedForward, norm: .rms, normAfter: .layer, scale: 0.3),
        ]
      ], embeddingScale: 5, logitScale: 0.125),
    LayerPlan(
      testDescription: "a convolution first, then attention and a window (LFM2)",
      layers: [
        [Plan(body: .convolution, norm: .rms), Plan(body: .feedForward, norm: .rms)],
        [Plan(body: .attention(), norm: .rms), Plan(body: .feedForward, norm: .rms)],
        [Plan(body: .attention(window: 5), norm: .rms)],
      ]),
    LayerPlan(testDescription: "convolutions alone", layers: [[Plan(body: .convolution, norm: .rms)]]),
    LayerPlan(testDescription: "no mixing at all", layers: [[Plan(body: .feedForward, norm: .rms)]]),
  ]

  /// The model, its backend and its weights.
  func load() throws -> (model: Decoder, backend: CPUBackend, weights: RandomWeights) {
    let backend = CPUBackend(precision: .exact, threads: 2)
    let source = RandomWeights()
    let weights = ModelWeights(source, backend: backend)
    let configuration = ModelConfiguration([
      "model_type": "test", "hidden_size": .integer(Self.hidden),
      "num_hidden_layers": .integer(layers.count), "num_attention_heads": .integer(Self.heads),
      "num_key_value_heads": .integer(Self.keyValueHeads), "head_dim": .integer(Self.headSize),
      "intermediate_size": .integer(Self.inner), "vocab_size": .integer(Self.vocabulary),
      "rms_norm_eps": .number(Self.epsilon), "max_position_embeddings": 512,
    ])
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.rotaryTable(headSize: Self.headSize)

    func norm(_ kind: NormKind?, _ name: String) throws -> (any Norm)? {
      switch kind {
      case nil: nil
      case .rms: try weights.norm(name, shape)
      case .layer: try weights.layerNorm(name, size: Self.hidden, epsilon: Self.epsilon)
      }
    }
    func block(_ plan: Plan, _ prefix: String) throws -> Block {
      let body: any BlockBody =
        switch plan.body {
        case .attention(let window):
          try SelfAttention(prefix, shape, rotary: rotary, weights, window: window)
        case .feedForward: try GatedFeedForward(prefix, shape, .silu, weights)
        case .scan:
          try StateSpaceMixer(
            prefix,
            StateSpaceShape(
              hidden: Self.hidden, heads: Self.scanHeads, headSize: Self.scanHeadSize, groups: 1,
              stateSize: Self.stateSize, taps: Self.scanTaps), epsilon: Self.epsilon, weights)
        case .convolution:
          ConvolutionBody(
            weight: try weights.convolution(prefix + "conv", channels: Self.hidden, taps: Self.taps).weight)
        case .sideBySide(let plans):
          SideBySide(try plans.enumerated().map { try block($1, prefix + "\($0).") })
        }
      return Block(
        body, norm: try norm(plan.norm, prefix + "norm"),
        normAfter: try norm(plan.normAfter, prefix + "after.norm"),
        inputScale: plan.inputScale, scale: plan.scale)
    }

    let embedding = try EmbeddingAndHead(shape, weights, scale: embeddingScale, logitScale: logitScale)
    let blocks = try layers.enumerated().map { layer, plans in
      try plans.enumerated().map { try block($1, "\(layer).\($0).") }
    }
    return (try Decoder(shape, embedding: embedding, layers: blocks, weights), backend, source)
  }
}

/// A causal convolution of the hidden columns. Its cache has no recurrence.
private struct ConvolutionBody: BlockBody {
  let weight: Parameter

  var caches: [CacheShape] {
    [
      .recurrent(
        RecurrentShape(
          channels: LayerPlan.hidden, taps: LayerPlan.taps, heads: 0, rows: 0, columns: 0))
    ]
  }

  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let convolved = backend.causalConvolution(
      x, weight: weight, bias: nil, activation: nil, caches: try input.recurrentCaches(slot: slot),
      counts: input.counts)
    return residual.map { backend.add($0, convolved, scale: 1) } ?? convolved
  }
}
