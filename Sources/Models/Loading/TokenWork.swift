import Basics
import Compute

/// The work per token on weights, to compare speeds with the machine's limits. Attention over the cache is not counted.
public struct TokenWork: Sendable {
  /// Multiply-adds per prompt token, without the output head, which only the last token needs.
  public private(set) var promptMultiplyAdds = 0.0
  /// Bytes of weights read for each generated token.
  public private(set) var generationBytes = 0.0
  /// Of these, the bytes of the output head.
  public private(set) var headBytes = 0.0

  /// Counts the work added since `earlier` this many times: those weights are used in several places.
  mutating func repeatLatest(since earlier: TokenWork, times: Int) {
    promptMultiplyAdds += (promptMultiplyAdds - earlier.promptMultiplyAdds) * Double(times - 1)
    generationBytes += (generationBytes - earlier.generationBytes) * Double(times - 1)
  }

  /// Adds the output head, which is not computed for prompt tokens.
  mutating func addHead(_ weight: Weight) {
    let before = generationBytes
    add(weight, promptShare: 0, generationShare: 1)
    headBytes += generationBytes - before
  }

  /// Adds a matrix or a stack of experts, weighted by the fraction of it that a token uses.
  mutating func add(_ weight: Weight, promptShare: Double, generationShare: Double) {
    let numbers = weight.shape.reduce(1.0) { $0 * Double($1) }
    let bytes = weight.values.count + (weight.scales?.count ?? 0) + (weight.biases?.count ?? 0)
    promptMultiplyAdds += numbers * promptShare
    generationBytes += Double(bytes) * generationShare
  }
}
