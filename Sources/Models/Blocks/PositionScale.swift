import Compute
import Foundation

/// A factor on queries that grows with the position (Llama 4, Mistral's newest models):
/// 1 + beta * log(1 + floor(position / length)).
struct PositionScale {
  let beta: Double
  /// The length up to which the factor is 1.
  let length: Double

  /// Each row times the factor of its position.
  func callAsFunction(_ x: Tensor, positions: [Int32], on backend: any Backend) -> Tensor {
    guard positions.contains(where: { Double($0) >= length }) else { return x }
    let factors = positions.map { Float(1 + beta * log(1 + (Double($0) / length).rounded(.down))) }
    // ReLU leaves positive factors as they are.
    return backend.gated(x, by: backend.tensor(factors, columns: 1), .relu)
  }
}
