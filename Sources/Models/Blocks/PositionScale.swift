import Compute
import Foundation

/// A factor on queries that grows with their position, so that attention stays sharp in long contexts (Llama 4, Ministral
/// 3, Mistral 4): 1 + beta * log(1 + floor((position + offset) / length)).
package struct PositionScale {
  let beta: Double
  let length: Double
  let offset: Double

  /// - Parameters:
  ///   - length: the number of positions between two values of the factor; 1 before the first.
  ///   - offset: added to a position.
  package init(beta: Double, length: Double, offset: Double = 0) {
    self.beta = beta
    self.length = length
    self.offset = offset
  }

  /// Each row times the factor of its position.
  package func callAsFunction(_ x: Tensor, positions: [Int32], on backend: any Backend) -> Tensor {
    let factors = positions.map { position in
      Float(1 + beta * log1p(((Double(position) + offset) / length).rounded(.down)))
    }
    // A step that is repeated has the operations of the first; one with a copy is not repeated.
    if factors.allSatisfy({ $0 == 1 }), !(backend is any RepeatingBackend) { return x }
    return backend.gated(x, by: backend.tensor(factors, columns: 1), .identity)
  }
}
