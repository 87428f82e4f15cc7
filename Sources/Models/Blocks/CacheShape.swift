import Compute

/// A cache that a block needs in each sequence.
package enum CacheShape: Sendable, Equatable {
  /// Keys and values of an attention layer.
  case keyValue(heads: Int, headSize: Int, window: Int?)
  /// The state of a recurrence or a causal convolution.
  case recurrent(RecurrentShape)

  /// An empty cache.
  func makeCache(on backend: any Backend) -> any LayerCache {
    switch self {
    case .keyValue(let heads, let headSize, let window):
      backend.keyValueCache(heads: heads, headSize: headSize, window: window)
    case .recurrent(let shape): backend.recurrentCache(shape)
    }
  }

  /// Bytes that a cache of keys and values may have at the model's context length: far beyond any machine, and far
  /// below what overflows in sums over all layers.
  private static let mostBytes = 1 << 46
  /// Bytes that a state may have. It is allocated as a whole when a sequence begins.
  private static let mostStateBytes = 1 << 32

  /// Refuses sizes that no machine has memory for, whose products could overflow.
  /// - Parameter contextLength: the positions of a full sequence.
  package func validate(contextLength: Int) throws(ModelError) {
    switch self {
    case .keyValue(let heads, let headSize, let window):
      // Keys and values in float32, and the pages that a window keeps beside it.
      let positions = min(window ?? contextLength, contextLength) + 512
      guard Self.product([positions, heads, headSize, 8]).map({ $0 <= Self.mostBytes }) == true else {
        throw .unsupported(
          "a key-value cache of \(heads) heads with \(headSize) columns for \(positions) positions is too large"
        )
      }
    case .recurrent(let shape):
      let state = Self.product([shape.heads, shape.rows, shape.columns, 4])
      let inputs = Self.product([shape.channels, shape.taps, 4])
      guard let state, let inputs, max(state, inputs) <= Self.mostStateBytes else {
        throw .unsupported(
          "a state of \(shape.heads) heads [\(shape.rows), \(shape.columns)] and \(shape.channels) channels is too large"
        )
      }
    }
  }

  /// nil where the product overflows.
  private static func product(_ factors: [Int]) -> Int? {
    var result = 1
    for factor in factors {
      let (next, overflows) = result.multipliedReportingOverflow(by: factor)
      if overflows { return nil }
      result = next
    }
    return result
  }
}
