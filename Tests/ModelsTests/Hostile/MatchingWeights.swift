import Basics
import Checkpoints
import Models

/// Weights of every requested shape under the names of a checkpoint, for configurations that no file fits: layers and
/// experts beyond the checkpoint's have the names of the first. All tensors share one piece of memory, and their total
/// size is limited.
final class MatchingWeights: WeightSource {
  struct TooLarge: Error, CustomStringConvertible {
    var description: String { "the tensors are too large to test" }
  }

  private let names: Set<String>
  private var left = mostNumbers
  private static let mostNumbers = 24 << 20
  private static let largest = 2 << 20

  private static let numbers: Bytes = {
    var random = SplitMix64(seed: 1)
    return Bytes(copying: (0..<largest).map { _ in Float.random(in: -0.3...0.3, using: &random) })
  }()

  init(names: [String]) { self.names = Set(names.map(Self.pattern)) }

  /// The name with `#` in place of each number.
  private static func pattern(_ name: String) -> String {
    name.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) == nil ? String($0) : "#" }
      .joined(separator: ".")
  }

  func contains(_ name: String) -> Bool { names.contains(Self.pattern(name)) }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    guard contains(name) else { throw ModelError.unsupported("no tensor \(name)") }
    var count = 1
    for extent in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard extent > 0, !overflows, product <= min(Self.largest, left) else { throw TooLarge() }
      count = product
    }
    left -= count
    // OpenAI's stacks of experts have inputs and outputs exchanged, and no suffix.
    let isStack = shape.count == 3 && contains(name + "_bias")
    let shape = isStack ? [shape[0], shape[2], shape[1]] : shape
    let memory = UnsafeRawBufferPointer(rebasing: Self.numbers.pointer[..<(count * 4)])
    return try Weight(format: .float32, shape: shape, values: Bytes(memory, owner: Self.numbers.owner))
  }
}
