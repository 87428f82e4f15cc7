extension CPUBackend {
  /// The zero state of a recurrent layer, in float32 for every precision: rounding errors would accumulate over a
  /// conversation.
  public func recurrentCache(_ shape: RecurrentShape) -> any RecurrentCache {
    CPURecurrentCache(shape, reserve: states)
  }

  /// Allocates the memory of two copies of each recurrent state: one is made before the first token and one after it,
  /// when the end of the prompt is stored.
  public func prepare(for caches: [any LayerCache], isInterrupted: () -> Bool) {
    states.fill(Self.copies(of: caches), isInterrupted: isInterrupted)
  }

  /// Bytes of two copies of each recurrent state.
  public func preparationBytes(for caches: [any LayerCache]) -> Int {
    Self.copies(of: caches).reduce(0) { $0 + $1.key * $1.value * MemoryLayout<Float>.stride }
  }

  /// Bytes of the copies that are allocated and not used yet.
  public var preparedBytes: Int { states.bytes }

  /// The number of blocks of each size, in numbers.
  private static func copies(of caches: [any LayerCache]) -> [Int: Int] {
    var wanted: [Int: Int] = [:]
    for case let cache as CPURecurrentCache in caches {
      for count in cache.blockCounts { wanted[count, default: 0] += 2 }
    }
    return wanted
  }
}
