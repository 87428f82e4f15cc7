extension CPUBackend {
  /// The zero state of one recurrent layer, in float32 whatever the backend's precision: rounding errors
  /// would add up over a whole conversation.
  public func recurrentCache(_ shape: RecurrentShape) -> any RecurrentCache {
    CPURecurrentCache(shape, reserve: states)
  }

  /// Fetches the memory of two copies of each recurrent state: one is made before the first token, one behind it,
  /// when the end of the prompt is kept.
  public func prepare(for caches: [any LayerCache], isInterrupted: () -> Bool) {
    var wanted: [Int: Int] = [:]
    for case let cache as CPURecurrentCache in caches {
      for count in cache.blockCounts { wanted[count, default: 0] += 2 }
    }
    states.fill(wanted, isInterrupted: isInterrupted)
  }
}
