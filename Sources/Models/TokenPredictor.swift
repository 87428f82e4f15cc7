import Compute

/// A layer that predicts the token after the next one (multi-token prediction, DeepSeek-V3, arXiv:2412.19437, section
/// 2.2), with which some checkpoints come.
///
/// From the decoder's normed hidden state h at a position and the embedding e of the token after that position:
///   x = block(P [norm(e), norm(h)])
/// The decoder's head makes the logits of the token behind e from norm(x). For later tokens, norm(x) takes the place of h.
/// The layer attends to earlier positions and has caches of its own; a pass costs about one of the decoder's layers, and
/// the head for each row whose logits are requested.
package final class TokenPredictor {
  /// The names of the tensors beside those of the block.
  struct Names {
    let embeddingNorm: String
    let hiddenNorm: String
    let projection: String
    let norm: String

    /// DeepSeek-V3 and GLM-4.5: all below the layer's prefix, as in GGUF files of any architecture.
    static func layer(_ prefix: String) -> Names {
      Names(
        embeddingNorm: prefix + "enorm", hiddenNorm: prefix + "hnorm", projection: prefix + "eh_proj",
        norm: prefix + "shared_head.norm")
    }

    /// Qwen3-Next.
    static let separate = Names(
      embeddingNorm: "mtp.pre_fc_norm_embedding", hiddenNorm: "mtp.pre_fc_norm_hidden",
      projection: "mtp.fc", norm: "mtp.norm")
  }

  private let embeddingNorm: any Norm
  private let hiddenNorm: any Norm
  /// [hidden, 2 * hidden].
  private let projection: Linear
  private let blocks: [(block: Block, slot: Int)]
  private let caches: [CacheShape]
  private let norm: any Norm
  private let embedding: EmbeddingAndHead
  private let backend: any Backend
  /// Bytes of weights that a token needs, without the head.
  package let bytes: Double

  private init(
    _ names: Names, _ shape: DecoderShape, embedding: EmbeddingAndHead, blocks: [Block], blockBytes: Double,
    norm: (String) throws -> any Norm, _ weights: ModelWeights
  ) throws {
    let before = weights.work.generationBytes
    embeddingNorm = try norm(names.embeddingNorm)
    hiddenNorm = try norm(names.hiddenNorm)
    projection = try weights.linear(names.projection, inputs: 2 * shape.hidden, outputs: shape.hidden)
    self.norm = try norm(names.norm)
    var caches: [CacheShape] = [], slotted: [(Block, Int)] = []
    for block in blocks {
      for cache in block.body.caches { try cache.validate(contextLength: shape.contextLength) }
      slotted.append((block, caches.count))
      caches += block.body.caches
    }
    self.blocks = slotted
    self.caches = caches
    self.embedding = embedding
    backend = weights.backend
    bytes = blockBytes + weights.work.generationBytes - before
  }

  /// Loads the predictor if the checkpoint has one. Converters often drop some or all of its tensors: what cannot be
  /// loaded is not used, since it changes the speed only.
  /// - Parameters:
  ///   - blocks: loads the layer's blocks.
  ///   - norm: loads a norm.
  static func load(
    _ names: Names, _ shape: DecoderShape, embedding: EmbeddingAndHead, _ weights: ModelWeights,
    norm: (String) throws -> any Norm, blocks: () throws -> [Block]
  ) -> TokenPredictor? {
    guard weights.contains(names.projection + ".weight") else { return nil }
    // Its work is not part of a token's.
    let work = weights.work
    defer { weights.work = work }
    guard let blocks = try? blocks() else { return nil }
    let bytes = weights.work.generationBytes - work.generationBytes
    return try? TokenPredictor(
      names, shape, embedding: embedding, blocks: blocks, blockBytes: bytes, norm: norm, weights)
  }

  /// Empty caches for a new sequence. A sequence may start at any position of the decoder's: only distances between
  /// positions count.
  package func makeCaches() -> [any LayerCache] { caches.map { $0.makeCache(on: backend) } }

  /// Runs the layer and appends the rows to its sequence's caches.
  /// - Parameters:
  ///   - input: the tokens after the positions of `hidden`, of one sequence of the predictor.
  ///   - hidden: the decoder's hidden states or, for later tokens, those of this function: [rows, hidden].
  /// - Returns: the logits of `input.outputs` and the hidden states of the same rows.
  package func forward(_ input: ForwardInput, hidden: Tensor) throws -> (logits: Tensor, hidden: Tensor) {
    let embedded = embeddingNorm(try embedding.embed(input, on: backend), on: backend)
    let both = backend.joined(embedded, hiddenNorm(hidden, on: backend))
    var x = backend.linear(both, [projection], adding: nil)
    for (block, slot) in blocks { x = try block(x, input, slot: slot, adding: x, on: backend) }
    let output = norm(input.selectOutputs(x, on: backend), on: backend)
    let logits = embedding.logits(normed: output, limit: input.vocabularyLimit, on: backend)
    try (backend as? any FallibleBackend)?.throwIfFailed()
    input.advanceSequences()
    return (logits, output)
  }
}

/// Receives the hidden states of a decoder's pass.
package final class HiddenStates {
  /// The normed hidden states of all rows of the pass, [rows, hidden]; nil before it.
  package internal(set) var rows: Tensor?

  /// Waits for a pass.
  package init() {}
}
