// Values that a configuration gives once for all layers or as a list with one element per layer.
extension ModelConfiguration {
  /// A whole number for each of `count` layers.
  /// - Parameter fallback: where the key is missing; nil where it must be there.
  package func layered(
    _ key: String, _ range: ClosedRange<Int>, count: Int, default fallback: [Int]? = nil
  ) throws -> [Int] {
    if let fallback, !has(key) { return fallback }
    guard let list = try integers(key, range) else {
      return Array(repeating: try integer(key, range), count: count)
    }
    guard list.count == count else { throw wrongCount(key, count) }
    return list
  }

  /// A true or false for each of `count` layers; nil where the key is missing or holds no list.
  package func flags(_ key: String, count: Int) throws -> [Bool]? {
    guard let items = json[key]?.asArray else { return nil }
    let flags = items.compactMap(\.asBool)
    guard flags.count == items.count, flags.count == count else { throw wrongCount(key, count) }
    return flags
  }

  /// `layer_types`, a name for each of `count` layers; nil where it is missing.
  package func layerTypes(count: Int) throws -> [String]? {
    guard let types = try strings("layer_types") else { return nil }
    guard types.count == count else { throw wrongCount("layer_types", count) }
    return types
  }

  /// The sliding window of each of `count` layers; nil for a layer that attends to every position.
  ///
  /// Which layers slide is said by `layer_types`, else by the list `sliding_window_pattern`.
  /// - Parameters:
  ///   - fallback: the window where the configuration has no `sliding_window`; nil for none.
  ///   - slides: whether a layer slides, where the configuration does not say.
  package func windows(count: Int, default fallback: Int? = nil, slides: (Int) -> Bool) throws -> [Int?] {
    guard has("sliding_window") || fallback != nil else { return Array(repeating: nil, count: count) }
    let window = try integer("sliding_window", 1...1 << 40, default: fallback ?? 1)
    let sliding =
      try layerTypes(count: count)?.map { $0 == "sliding_attention" }
      ?? flags("sliding_window_pattern", count: count) ?? (0..<count).map(slides)
    return sliding.map { $0 ? window : nil }
  }

  private func wrongCount(_ key: String, _ count: Int) -> ModelError {
    .wrongValue(key: key, expected: "one value for each of \(count) layers")
  }
}
