import Compute

/// A part of a layer. It adds to the residual stream: x + scale * normAfter(body(inputScale * norm(x))).
///
/// A layer is a list of blocks: attention and a feed-forward block in most models, one alone in Mamba and Nemotron-H,
/// two whose outputs are added in one `SideBySide`.
package struct Block {
  let body: any BlockBody
  /// Normalises the body's input.
  let norm: (any Norm)?
  /// Normalises the body's output before it is added (Gemma, OLMo 2).
  let normAfter: (any Norm)?
  /// Factor on the body's input (Falcon-H1).
  let inputScale: Float
  /// Factor on what is added (Granite, Falcon-H1).
  let scale: Float

  /// A block of this body, without norms and factors unless they are given.
  package init(
    _ body: any BlockBody, norm: (any Norm)? = nil, normAfter: (any Norm)? = nil, inputScale: Float = 1,
    scale: Float = 1
  ) {
    self.body = body
    self.norm = norm
    self.normAfter = normAfter
    self.inputScale = inputScale
    self.scale = scale
  }

  /// The residual plus what the block makes of `x`.
  /// - Parameters:
  ///   - x: [rows, hidden].
  ///   - slot: the position of the body's first cache among a sequence's caches.
  ///   - residual: [rows, hidden]; for a block by itself, `x`.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    var x = x
    if let norm { x = norm(x, on: backend) }
    if inputScale != 1 { x = backend.scaled(x, by: inputScale, softcap: nil) }
    if normAfter == nil, scale == 1 {
      return try body(x, input, slot: slot, adding: residual, on: backend)
    }
    var output = try body(x, input, slot: slot, adding: nil, on: backend)
    if let normAfter { output = normAfter(output, on: backend) }
    if let residual { return backend.add(residual, output, scale: scale) }
    return scale == 1 ? output : backend.scaled(output, by: scale, softcap: nil)
  }
}

/// What a block computes: attention, a recurrence, a feed-forward block, a mixture of experts.
package protocol BlockBody {
  /// The caches that it needs in each sequence. A body with caches mixes positions; one without computes each row by
  /// itself.
  var caches: [CacheShape] { get }
  /// - Parameters:
  ///   - x: [rows, hidden].
  ///   - slot: the position of its first cache among a sequence's caches.
  ///   - residual: [rows, hidden], added to the result.
  /// - Returns: [rows, hidden].
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor
}

extension BlockBody {
  /// None.
  package var caches: [CacheShape] { [] }
}

/// Blocks that take the same input and whose outputs are added: attention beside a feed-forward block (GPT-NeoX, Phi,
/// Cohere) or beside a state-space mixer (Falcon-H1).
///
/// A norm that all of them share belongs to the block around it.
package struct SideBySide: BlockBody {
  let blocks: [Block]
  /// Of all blocks, in their order.
  package let caches: [CacheShape]

  /// These blocks side by side.
  package init(_ blocks: [Block]) {
    self.blocks = blocks
    caches = blocks.flatMap(\.body.caches)
  }

  /// - Parameter residual: added to the sum of the outputs.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    var sum = residual
    var slot = slot
    for block in blocks {
      sum = try block(x, input, slot: slot, adding: sum, on: backend)
      slot += block.body.caches.count
    }
    return sum ?? x
  }
}
