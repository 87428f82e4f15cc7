import Compute

/// A part of a layer, which adds to the residual stream: outputScale * (x + scale * normAfter(body(inputScale *
/// norm(x)))).
///
/// A layer is a list of blocks: attention and a feed-forward block in most models, a single block in Mamba and
/// Nemotron-H. `SideBySide` runs several on the same input.
package struct Block {
  let body: any BlockBody
  /// Normalises the body's input.
  let norm: (any Norm)?
  /// Normalises the body's output before it is added (Gemma, OLMo 2).
  let normAfter: (any Norm)?
  /// Factor on the body's input (Falcon-H1).
  let inputScale: Float
  /// Factor on the body's output (Granite, Falcon-H1).
  let scale: Float
  /// Factor on the sum (Gemma 4).
  let outputScale: Float
  /// If set, the residual is the normed input times this factor (MiniMax).
  var normedResidual: Float?

  /// A block with this body; norms and factors are optional.
  package init(
    _ body: any BlockBody, norm: (any Norm)? = nil, normAfter: (any Norm)? = nil, inputScale: Float = 1,
    scale: Float = 1, outputScale: Float = 1
  ) {
    self.body = body
    self.norm = norm
    self.normAfter = normAfter
    self.inputScale = inputScale
    self.scale = scale
    self.outputScale = outputScale
  }

  /// The residual plus the block's output for `x`.
  /// - Parameters:
  ///   - x: [rows, hidden].
  ///   - slot: the index of the body's first cache in a sequence's list.
  ///   - residual: [rows, hidden]; `x` itself unless blocks run side by side.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let sum = try sum(x, input, slot: slot, adding: residual, on: backend)
    return outputScale == 1 ? sum : backend.scaled(sum, by: outputScale, softcap: nil)
  }

  private func sum(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    var x = x
    var residual = residual
    if let norm { x = norm(x, on: backend) }
    if let normedResidual {
      residual = normedResidual == 1 ? x : backend.scaled(x, by: normedResidual, softcap: nil)
    }
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

/// The computation of a block: attention, a recurrence, a feed-forward block, a mixture of experts.
package protocol BlockBody {
  /// The caches that it needs in each sequence.
  var caches: [CacheShape] { get }
  /// Multiply-adds of a token for each earlier position, if it attends to all of them.
  var attentionMultiplyAdds: Double { get }
  /// Whether a row of the result depends on other rows: true for a body with caches, or one that reads another's.
  var mixesPositions: Bool { get }
  /// - Parameters:
  ///   - x: [rows, hidden].
  ///   - slot: the index of its first cache in a sequence's list.
  ///   - residual: [rows, hidden], added to the result.
  /// - Returns: [rows, hidden].
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor
}

extension BlockBody {
  /// None.
  package var caches: [CacheShape] { [] }
  /// None.
  package var attentionMultiplyAdds: Double { 0 }
  /// Whether it has caches.
  package var mixesPositions: Bool { !caches.isEmpty }
}

/// Blocks that run on the same input and whose outputs are added: attention and a feed-forward block (GPT-NeoX, Phi,
/// Cohere) or attention and a state-space mixer (Falcon-H1).
///
/// A norm that all of them share is the norm of the enclosing block.
package struct SideBySide: BlockBody {
  private let blocks: [(block: Block, slot: Int)]
  /// The caches of all blocks, in order.
  package let caches: [CacheShape]

  /// Those of all blocks.
  package var attentionMultiplyAdds: Double {
    blocks.reduce(0) { $0 + $1.block.body.attentionMultiplyAdds }
  }

  /// These blocks side by side.
  package init(_ blocks: [Block]) {
    var caches: [CacheShape] = []
    var slotted: [(Block, Int)] = []
    for block in blocks {
      slotted.append((block, caches.count))
      caches += block.body.caches
    }
    self.blocks = slotted
    self.caches = caches
  }

  /// Whether any block does.
  package var mixesPositions: Bool { blocks.contains { $0.block.body.mixesPositions } }

  /// - Parameter residual: added to the sum of the outputs.
  package func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    var sum = residual
    for (block, offset) in blocks {
      sum = try block(x, input, slot: slot + offset, adding: sum, on: backend)
    }
    return sum ?? x
  }
}
