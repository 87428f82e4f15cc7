// Values that a configuration holds once for all layers or as an array with one element per layer.
extension ModelConfiguration {
  /// An integer for each of `count` layers, from a single integer or an array.
  /// - Parameter fallback: used if the key is missing; nil for a required key.
  package func perLayer(
    _ key: String, _ range: ClosedRange<Int>, count: Int, default fallback: [Int]? = nil
  ) throws -> [Int] {
    if let fallback, !has(key) { return fallback }
    guard let list = try integers(key, range) else {
      return Array(repeating: try integer(key, range), count: count)
    }
    guard list.count == count else { throw wrongCount(key, count) }
    return list
  }

  /// A boolean for each of `count` layers; nil if the key is missing or its value is not an array.
  package func boolsPerLayer(_ key: String, count: Int) throws -> [Bool]? {
    guard let items = json[key]?.asArray else { return nil }
    let flags = items.compactMap(\.asBool)
    guard flags.count == items.count, flags.count == count else { throw wrongCount(key, count) }
    return flags
  }

  /// `layer_types`, a name for each of `count` layers; nil if it is missing.
  package func layerTypes(count: Int) throws -> [String]? {
    guard let types = try strings("layer_types") else { return nil }
    guard types.count == count else { throw wrongCount("layer_types", count) }
    return types
  }

  /// The sliding window of each of `count` layers; nil for a layer that attends to every position.
  ///
  /// `layer_types` or an array `sliding_window_pattern` decides which layers have one.
  /// - Parameters:
  ///   - fallback: the window if the configuration has no `sliding_window`; nil for no windows.
  ///   - slides: whether a layer has a window, if the configuration does not decide.
  package func windows(count: Int, default fallback: Int? = nil, slides: (Int) -> Bool) throws -> [Int?] {
    guard has("sliding_window") || fallback != nil else {
      // Some families have a default for a missing window.
      if json["sliding_window"] == nil, try layerTypes(count: count)?.contains("sliding_attention") == true {
        throw ModelError.missingKey("sliding_window")
      }
      return Array(repeating: nil, count: count)
    }
    let window = try integer("sliding_window", 1...1 << 40, default: fallback ?? 1)
    let sliding =
      try layerTypes(count: count)?.map { type in
        guard ["sliding_attention", "full_attention"].contains(type) else {
          throw ModelError.unsupported(
            "the 'layer_types' value '\(type)' is not supported by this architecture")
        }
        return type == "sliding_attention"
      }
      ?? boolsPerLayer("sliding_window_pattern", count: count) ?? (0..<count).map(slides)
    return sliding.map { $0 ? window : nil }
  }

  private func wrongCount(_ key: String, _ count: Int) -> ModelError {
    .wrongValue(key: key, expected: "one value for each of \(count) layers")
  }
}
