import Compute

/// A cache that a block needs in each sequence.
package enum CacheShape: Sendable, Equatable {
  /// Keys and values of an attention layer. If `sharedValues` is given, values are the first so many columns of keys.
  case keyValue(heads: Int, headSize: Int, window: Int?, sharedValues: Int? = nil)
  /// The state of a recurrence, a causal convolution or both.
  case recurrent(RecurrentShape)

  /// An empty cache.
  func makeCache(on backend: any Backend) -> any LayerCache {
    switch self {
    case .keyValue(let heads, let headSize, let window, let sharedValues):
      backend.keyValueCache(heads: heads, headSize: headSize, window: window, sharedValues: sharedValues)
    case .recurrent(let shape): backend.recurrentCache(shape)
    }
  }

  /// Most bytes of a key-value cache at the model's context length: beyond any machine's memory, but sums over all layers
  /// do not overflow.
  private static let mostBytes = 1 << 46
  /// Most bytes of a recurrent cache, which is allocated as a whole when a sequence begins.
  private static let mostStateBytes = 1 << 32

  /// Throws for sizes beyond any machine's memory, before their products can overflow.
  /// - Parameter contextLength: the model's context length in positions.
  package func validate(contextLength: Int) throws(ModelError) {
    switch self {
    case .keyValue(let heads, let headSize, let window, _):
      // Keys and values in float32, plus the pages that a cache keeps outside its window.
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

  /// The product, or nil if it overflows.
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
