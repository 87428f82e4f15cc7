import Basics
import Compute

/// A model's config.json, read key by key with an error that names the key.
///
/// `GGUFConfiguration` translates a GGUF file's metadata into the same keys, so an architecture reads one kind of
/// configuration.
public struct ModelConfiguration {
  let json: JSON

  /// - Parameter json: an object with config.json's keys.
  public init(_ json: JSON) { self.json = json }

  /// Whether the key exists and is not null.
  func has(_ key: String) -> Bool { value(key) != nil }

  private func value(_ key: String) -> JSON? {
    guard let value = json[key], value != .null else { return nil }
    return value
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let value = value(key) else { throw ModelError.missingKey(key) }
    return try integer(value, key, range)
  }

  func integer(_ key: String, _ range: ClosedRange<Int>, default fallback: Int) throws -> Int {
    guard let value = value(key) else { return fallback }
    return try integer(value, key, range)
  }

  private func integer(_ value: JSON, _ key: String, _ range: ClosedRange<Int>) throws -> Int {
    guard case .integer(let number) = value else {
      throw ModelError.wrongValue(key: key, expected: "an integer")
    }
    guard range.contains(number) else {
      throw ModelError.outOfRange(
        key: key, value: Double(number), allowed: "between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  func number(_ key: String) throws -> Double {
    guard let number = try optionalNumber(key) else { throw ModelError.missingKey(key) }
    return number
  }

  func number(_ key: String, default fallback: Double) throws -> Double {
    try optionalNumber(key) ?? fallback
  }

  func optionalNumber(_ key: String) throws -> Double? {
    switch value(key) {
    case nil: nil
    case .integer(let number): Double(number)
    case .number(let number) where number.isFinite: number
    default: throw ModelError.wrongValue(key: key, expected: "a number")
    }
  }

  /// A positive number.
  func positive(_ key: String, default fallback: Double) throws -> Double {
    let number = try number(key, default: fallback)
    guard number > 0 else { throw ModelError.outOfRange(key: key, value: number, allowed: "positive") }
    return number
  }

  func bool(_ key: String, default fallback: Bool) throws -> Bool {
    switch value(key) {
    case nil: fallback
    case .bool(let value): value
    default: throw ModelError.wrongValue(key: key, expected: "true or false")
    }
  }

  func optionalString(_ key: String) throws -> String? {
    switch value(key) {
    case nil: nil
    case .string(let text): text
    default: throw ModelError.wrongValue(key: key, expected: "a string")
    }
  }

  func string(_ key: String) throws -> String {
    guard let text = try optionalString(key) else { throw ModelError.missingKey(key) }
    return text
  }

  /// The object under a key.
  func object(_ key: String) throws -> ModelConfiguration? {
    switch value(key) {
    case nil: nil
    case .object(let members)?: ModelConfiguration(.object(members))
    default: throw ModelError.wrongValue(key: key, expected: "an object")
    }
  }

  func numbers(_ key: String) throws -> [Double]? {
    guard let value = value(key) else { return nil }
    guard case .array(let items) = value else {
      throw ModelError.wrongValue(key: key, expected: "an array of numbers")
    }
    return try items.map { item in
      switch item {
      case .integer(let number): return Double(number)
      case .number(let number) where number.isFinite: return number
      default: throw ModelError.wrongValue(key: key, expected: "an array of numbers")
      }
    }
  }

  /// An array of integers; nil if the key is missing or its value is not an array.
  func integers(_ key: String, _ range: ClosedRange<Int>) throws -> [Int]? {
    guard case .array(let items)? = value(key) else { return nil }
    return try items.map { try integer($0, key, range) }
  }

  /// A minimum and a maximum; either may be infinite.
  func limits(_ key: String) throws -> ClosedRange<Float>? {
    guard let value = value(key) else { return nil }
    let numbers = value.asArray?.compactMap(Self.limit) ?? []
    guard numbers.count == 2, value.asArray?.count == 2, numbers[0] <= numbers[1] else {
      throw ModelError.wrongValue(key: key, expected: "an array of a minimum and a maximum")
    }
    return Float(numbers[0])...Float(numbers[1])
  }

  /// A number, or an infinite one as an object: JSON has none, so that transformers and mlx-lm tag it.
  private static func limit(_ value: JSON) -> Double? {
    switch value["__float__"]?.asString {
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: value.asNumber
    }
  }

  func strings(_ key: String) throws -> [String]? {
    guard let value = value(key) else { return nil }
    guard case .array(let items) = value else {
      throw ModelError.wrongValue(key: key, expected: "an array of strings")
    }
    return try items.map { item in
      guard case .string(let text) = item else {
        throw ModelError.wrongValue(key: key, expected: "an array of strings")
      }
      return text
    }
  }

  /// The configuration with values under other keys, where it does not have those keys.
  /// - Parameter names: the present key and the wanted one of each value.
  func renaming(_ names: [String: String]) -> ModelConfiguration {
    guard case .object(var members) = json else { return self }
    for (old, new) in names where !has(new) {
      if let value = value(old) { members[new] = value }
    }
    return ModelConfiguration(.object(members))
  }

  /// The configuration with another value of a key.
  func setting(_ key: String, _ value: JSON) -> ModelConfiguration {
    guard case .object(var members) = json else { return self }
    members[key] = value
    return ModelConfiguration(.object(members))
  }

  /// The configuration with the keys that one architecture names differently also under their usual names.
  func renamed(_ names: [String: String]) -> ModelConfiguration {
    guard case .object(var members) = json else { return self }
    for (own, usual) in names where has(own) { members[usual] = members[own] }
    return ModelConfiguration(.object(members))
  }
}

extension ModelConfiguration {
  /// The activation of the feed-forward layers, under transformers' names.
  /// - Parameter key: nil for the usual ones.
  func activation(key: String? = nil, default fallback: String = "silu") throws -> Activation {
    let key = key ?? present("hidden_act", "hidden_activation")
    let name = try optionalString(key) ?? fallback
    switch name {
    case "silu", "swish": return .silu
    case "gelu": return .gelu
    case "gelu_pytorch_tanh", "gelu_new", "gelu_fast": return .geluTanh
    case "relu": return .relu
    case "relu2": return .reluSquared
    default: throw ModelError.unsupported("the activation '\(name)' is not supported")
    }
  }
}
