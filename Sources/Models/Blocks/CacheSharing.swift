/// Which layers read the keys and values of an earlier one (Gemma 3n and 4): each of the last `num_kv_shared_layers` layers
/// those of the last layer before them with the same kind of attention.
package struct CacheSharing {
  /// The layer whose cache each layer reads, or nil for its own.
  package let sources: [Int?]

  /// - Parameter windows: the sliding window of each layer. Each layer with a cache has exactly one.
  package init(_ configuration: ModelConfiguration, _ windows: [Int?]) throws {
    let key = "num_kv_shared_layers"
    let shared = try configuration.integer(key, 0...windows.count - 1, default: 0)
    let first = windows.count - shared
    sources = try windows.indices.map { index in
      guard index >= first else { return nil }
      guard let source = windows[..<first].lastIndex(where: { ($0 == nil) == (windows[index] == nil) }) else {
        throw ModelError.wrongValue(
          key: key, expected: "small enough to leave a layer of each kind with keys of its own")
      }
      return source
    }
  }

  /// The index of the cache that a layer reads in a sequence's list; nil for its own.
  package func slot(_ index: Int) -> Int? { sources[index] }

  /// Whether a layer after this one reads the same cache.
  package func isReadAfter(_ index: Int) -> Bool {
    sources[(index + 1)...].contains(sources[index] ?? index)
  }
}
