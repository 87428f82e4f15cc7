import Compute

/// The frame of every model so far: embeddings, layers whose blocks each add to a residual stream, a norm and a head.
///
/// An architecture's file says what its layers are made of, and this class runs them. Each block with caches has its
/// own slots in a sequence's list of caches, in the order of the blocks.
package final class Decoder: LanguageModel {
  /// The model's properties.
  package let facts: ModelFacts
  private let backend: any Backend
  private let ends: DecoderEnds
  private let steps: [Step]
  private let caches: [CacheShape]
  /// The last step that mixes positions; behind it, rows whose logits are not wanted can go.
  private let lastMixing: Int?

  /// A block and the position of its first cache among a sequence's caches.
  private struct Step {
    let block: Block
    let slot: Int
    let mixes: Bool
  }

  /// - Parameter layers: the blocks of each layer.
  /// - Throws: `ModelError.unsupported` where a cache would be too large.
  package init(
    _ facts: ModelFacts, ends: DecoderEnds, layers: [[Block]], on backend: any Backend
  ) throws(ModelError) {
    self.facts = facts
    self.ends = ends
    self.backend = backend
    var steps: [Step] = []
    var caches: [CacheShape] = []
    for block in layers.joined() {
      let own = block.body.caches
      for cache in own { try cache.validate(contextLength: facts.contextLength) }
      steps.append(Step(block: block, slot: caches.count, mixes: !own.isEmpty))
      caches += own
    }
    self.steps = steps
    self.caches = caches
    lastMixing = steps.lastIndex(where: \.mixes)
  }

  /// A decoder whose sizes have the usual keys.
  package convenience init(
    _ shape: DecoderShape, ends: DecoderEnds, layers: [[Block]], _ weights: ModelWeights
  ) throws(ModelError) {
    try self.init(shape.facts(weights.work), ends: ends, layers: layers, on: weights.backend)
  }

  /// Empty caches of all blocks.
  package func makeCaches() -> [any LayerCache] { caches.map { $0.makeCache(on: backend) } }

  /// Runs all layers; see `LanguageModel.forward(_:)`.
  package func forward(_ input: ForwardInput) throws -> Tensor {
    var x = ends.embed(input, on: backend)
    if lastMixing == nil { x = input.selectOutputs(x, on: backend) }
    for (index, step) in steps.enumerated() {
      if step.mixes, input.isInterrupted?() == true { throw Interrupted() }
      x = try step.block(x, input, slot: step.slot, adding: x, on: backend)
      if index == lastMixing { x = input.selectOutputs(x, on: backend) }
    }
    let logits = ends.logits(x, on: backend)
    input.advanceSequences()
    return logits
  }
}
