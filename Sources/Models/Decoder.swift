import Compute

/// A decoder: embeddings, layers whose blocks add to a residual stream, a final norm and an output head.
///
/// An architecture's file builds the layers, and this class runs them. A sequence holds one list of caches in the order of
/// the blocks; each block knows its position (slot) in that list.
package final class Decoder: LanguageModel {
  /// The model's properties.
  package let facts: ModelFacts
  private let backend: any Backend
  /// The same, if its operations can fail after they have returned.
  private let fallible: (any FallibleBackend)?
  /// The same, if it can repeat decoding passes.
  private let repeating: (any RepeatingBackend)?
  /// The same, if it multiplies tokens of prompts in another way.
  private let prefilling: (any PrefillBackend)?
  private let embedding: EmbeddingAndHead
  /// Predicts the token after the next one; nil if the checkpoint has no such layer.
  package internal(set) var predictor: TokenPredictor?
  private let steps: [Step]
  private let caches: [CacheShape]
  /// The last step that mixes positions; after it, only rows whose logits are requested are computed.
  private let lastMixing: Int?

  /// A block and the index of its first cache in a sequence's list.
  private struct Step {
    let block: Block
    let slot: Int
    let mixes: Bool
  }

  /// - Parameter layers: the blocks of each layer.
  /// - Throws: `ModelError.unsupported` if a cache would be too large.
  package init(
    _ facts: ModelFacts, embedding: EmbeddingAndHead, layers: [[Block]], on backend: any Backend
  ) throws(ModelError) {
    var facts = facts
    facts.attentionMultiplyAdds = layers.joined().reduce(0) { $0 + $1.body.attentionMultiplyAdds }
    self.facts = facts
    self.embedding = embedding
    self.backend = backend
    fallible = backend as? any FallibleBackend
    repeating = backend as? any RepeatingBackend
    prefilling = backend as? any PrefillBackend
    var steps: [Step] = []
    var caches: [CacheShape] = []
    for block in layers.joined() {
      let own = block.body.caches
      for cache in own { try cache.validate(contextLength: facts.contextLength) }
      steps.append(Step(block: block, slot: caches.count, mixes: block.body.mixesPositions))
      caches += own
    }
    self.steps = steps
    self.caches = caches
    lastMixing = steps.lastIndex(where: \.mixes)
  }

  /// A decoder with the sizes of `shape`.
  package convenience init(
    _ shape: DecoderShape, embedding: EmbeddingAndHead, layers: [[Block]], _ weights: ModelWeights
  ) throws(ModelError) {
    try self.init(shape.facts(weights.work), embedding: embedding, layers: layers, on: weights.backend)
  }

  /// Empty caches of all blocks.
  package func makeCaches() -> [any LayerCache] { caches.map { $0.makeCache(on: backend) } }

  /// Runs all layers; see `LanguageModel.forward(_:)`.
  package func forward(_ input: ForwardInput) throws -> Tensor {
    let logits: Tensor
    // Hidden states leave the pass: a repeated one would overwrite those that are still to be read.
    if let repeating, input.isStep, input.hiddenStates == nil {
      logits = try repeating.step(input.tokens, caches: input.sequences.flatMap(\.caches)) { tokens in
        var step = input
        step.tokens = tokens
        return try compute(step)
      }
    } else {
      logits = try compute(input)
    }
    try fallible?.throwIfFailed()
    input.advanceSequences()
    return logits
  }

  private func compute(_ input: ForwardInput) throws -> Tensor {
    var input = input
    prefilling?.isPrefill = input.isPrefill
    defer { prefilling?.isPrefill = false }
    var x = try embedding.embed(input, on: backend)
    input.perLayer = embedding.perLayer?(x, input, on: backend)
    func selectOutputs() {
      // Hidden states are those of all rows.
      guard input.hiddenStates == nil else { return }
      x = input.selectOutputs(x, on: backend)
      input.perLayer = input.perLayer.map { input.selectOutputs($0, on: backend) }
    }
    if lastMixing == nil { selectOutputs() }
    for (index, step) in steps.enumerated() {
      if step.mixes, input.isInterrupted?() == true { throw Interrupted() }
      x = try step.block(x, input, slot: step.slot, adding: x, on: backend)
      guard index == lastMixing else { continue }
      selectOutputs()
      // What follows computes the rows whose logits are requested, as decoding does. It is the same for all rows: it must
      // not depend on whether hidden states are wanted.
      prefilling?.isPrefill = false
    }
    let normed = embedding.normed(x, on: backend)
    input.hiddenStates?.rows = normed
    let outputs = input.hiddenStates == nil ? normed : input.selectOutputs(normed, on: backend)
    return embedding.logits(normed: outputs, limit: input.vocabularyLimit, on: backend)
  }
}
