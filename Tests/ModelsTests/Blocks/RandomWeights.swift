import Basics
import Compute
import Foundation
import Models

/// Random weights of any requested shape, reproducible by name.
final class RandomWeights: WeightSource {
  private(set) var tensors: [String: [Float]] = [:]

  /// Norms have biases; linear layers have none. There is an output head.
  func contains(_ name: String) -> Bool { name.hasSuffix("norm.bias") || name == "lm_head.weight" }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    let count = shape.reduce(1, *)
    var random = SplitMix64(seed: name.utf8.reduce(1469) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 })
    let isMatrix = shape.count > 1
    let numbers = (0..<count).map { _ -> Float in
      let number = Float.random(in: -1.7...1.7, using: &random)
      if isMatrix { return number / Float(shape.last ?? 1).squareRoot() }
      return name.hasSuffix("norm.weight") ? 1 + number / 4 : number / 2
    }
    tensors[name] = numbers
    return try Weight(format: .float32, shape: shape, values: Bytes(copying: numbers))
  }

  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}
