extension CPUBackend {
  /// The zero state of a recurrent layer, in float32 for every precision: rounding errors would accumulate over a
  /// conversation.
  public func recurrentCache(_ shape: RecurrentShape) -> any RecurrentCache {
    CPURecurrentCache(shape, reserve: states)
  }

  /// Allocates the memory of two copies of each recurrent state: one is made before the first token and one after it,
  /// when the end of the prompt is stored.
  public func prepare(for caches: [any LayerCache], isInterrupted: () -> Bool) {
    var wanted: [Int: Int] = [:]
    for case let cache as CPURecurrentCache in caches {
      for count in cache.blockCounts { wanted[count, default: 0] += 2 }
    }
    states.fill(wanted, isInterrupted: isInterrupted)
  }
}
