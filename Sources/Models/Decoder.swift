import Compute

/// The frame of every model so far: embeddings, layers that each add to a residual stream, a norm and a head.
///
/// An architecture's file says what its layers are made of, and this class runs them.
final class Decoder: LanguageModel {
  let facts: ModelFacts
  private let backend: any Backend
  private let ends: DecoderEnds
  private let layers: [DecoderLayer]

  init(_ facts: ModelFacts, ends: DecoderEnds, layers: [DecoderLayer], on backend: any Backend) {
    self.facts = facts
    self.ends = ends
    self.layers = layers
    self.backend = backend
  }

  /// A decoder whose sizes have the usual keys.
  convenience init(
    _ shape: DecoderShape, ends: DecoderEnds, layers: [DecoderLayer], _ weights: ModelWeights
  ) {
    self.init(shape.facts(weights.work), ends: ends, layers: layers, on: weights.backend)
  }

  func makeCaches() -> [any LayerCache] { layers.map { $0.mixer.makeCache(on: backend) } }

  func forward(_ input: ForwardInput) throws -> Tensor {
    var x = ends.embed(input, on: backend)
    for (index, layer) in layers.enumerated() {
      x = try layer.mix(x, layer: index, input, on: backend)
      // Behind the last mixer, the rows whose logits nobody wants are done with.
      if index == layers.count - 1 { x = input.selectOutputs(x, on: backend) }
      x = layer.feed(x, on: backend)
    }
    let logits = ends.logits(x, on: backend)
    input.advanceSequences()
    return logits
  }
}

/// A layer: what mixes the positions of a sequence and, in most models, what refines each of them, each behind a
/// norm and added to the residual stream.
struct DecoderLayer {
  let mixerNorm: RMSNorm
  let mixer: any Mixer
  /// Normalises what the mixer gives before it is added (Gemma).
  var afterMixer: RMSNorm?
  var feedForward: (norm: RMSNorm, block: any FeedForward)?
  /// Normalises what the feed-forward block gives before it is added (Gemma).
  var afterFeedForward: RMSNorm?

  fileprivate func mix(
    _ x: Tensor, layer: Int, _ input: ForwardInput, on backend: any Backend
  ) throws -> Tensor {
    let normed = mixerNorm(x, on: backend)
    guard let afterMixer else { return try mixer(normed, layer: layer, input, adding: x, on: backend) }
    let mixed = try mixer(normed, layer: layer, input, adding: nil, on: backend)
    return backend.add(x, afterMixer(mixed, on: backend), scale: 1)
  }

  fileprivate func feed(_ x: Tensor, on backend: any Backend) -> Tensor {
    guard let feedForward else { return x }
    let normed = feedForward.norm(x, on: backend)
    guard let afterFeedForward else { return feedForward.block(normed, adding: x, on: backend) }
    let fed = feedForward.block(normed, adding: nil, on: backend)
    return backend.add(x, afterFeedForward(fed, on: backend), scale: 1)
  }
}

/// What lets the positions of a sequence see earlier ones, over a cache of its own: attention or a recurrence.
protocol Mixer {
  /// An empty cache for one sequence.
  func makeCache(on backend: any Backend) -> any LayerCache
  /// - Parameters:
  ///   - x: [rows, hidden], normalised.
  ///   - residual: [rows, hidden], added to the result.
  func callAsFunction(
    _ x: Tensor, layer: Int, _ input: ForwardInput, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor
}

/// What refines each position by itself: one block or a mixture of experts.
protocol FeedForward {
  /// - Parameters: as a mixer's.
  func callAsFunction(_ x: Tensor, adding residual: Tensor?, on backend: any Backend) -> Tensor
}
