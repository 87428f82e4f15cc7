import Basics

/// The metadata of a GGUF file: key-value pairs. Lookup takes constant time; strings and arrays are decoded from the
/// mapped file on access.
public struct GGUFMetadata: Sendable {
  /// The path of the file, for errors.
  public let file: String
  /// All keys, in file order.
  public private(set) var keys: [String] = []
  private var values: [ExactString: GGUFValue] = [:]

  init(file: String) { self.file = file }

  /// The value of `key`, or nil.
  public subscript(key: String) -> GGUFValue? { values[ExactString(key)] }

  /// Adds a pair; false if the key already exists.
  mutating func add(_ key: String, _ value: GGUFValue) -> Bool {
    guard values.updateValue(value, forKey: ExactString(key)) == nil else { return false }
    keys.append(key)
    return true
  }
}

// Required values. Errors include the file and the key.
extension GGUFMetadata {
  /// `general.architecture`, such as "llama": the prefix of architecture-specific keys.
  public func architecture() throws(FileError) -> String { try string("general.architecture") }
  /// The integer at `key`. Throws if it is missing or of another type.
  public func integer(_ key: String) throws(FileError) -> Int {
    try required(key, optionalInteger(key))
  }
  /// The number at `key`; integers count as numbers. Throws if it is missing or of another type.
  public func number(_ key: String) throws(FileError) -> Double {
    try required(key, optionalNumber(key))
  }
  /// The boolean at `key`. Throws if it is missing or of another type.
  public func bool(_ key: String) throws(FileError) -> Bool {
    try required(key, optionalBool(key))
  }
  /// The string at `key`. Throws if it is missing, of another type or not UTF-8.
  public func string(_ key: String) throws(FileError) -> String {
    try required(key, optionalString(key))
  }
  /// The array of strings at `key`. Throws if it is missing or of another type.
  public func strings(_ key: String) throws(FileError) -> GGUFStrings {
    try required(key, optionalStrings(key))
  }
  /// The array of integers at `key`. Throws if it is missing or of another type.
  public func integers(_ key: String) throws(FileError) -> [Int] {
    try required(key, optionalIntegers(key))
  }
  /// The array of numbers at `key`. Throws if it is missing or of another type.
  public func floats(_ key: String) throws(FileError) -> [Float] {
    try required(key, optionalFloats(key))
  }

  private func required<Value>(_ key: String, _ value: Value?) throws(FileError) -> Value {
    guard let value else {
      throw FileError(
        .incomplete, file: file, place: key, "the metadata key is missing", advice: Self.advice)
    }
    return value
  }

  private static let advice = "convert the model again"
}

// Optional values: nil if the key is missing, an error if the value has another type.
extension GGUFMetadata {
  /// The integer at `key`, or nil.
  public func optionalInteger(_ key: String) throws(FileError) -> Int? {
    switch self[key] {
    case nil: return nil
    case .integer(let value): return value
    case let other?: throw wrongKind(key, "an integer", other)
    }
  }

  /// The number at `key`, or nil.
  public func optionalNumber(_ key: String) throws(FileError) -> Double? {
    switch self[key] {
    case nil: return nil
    case .number(let value): return value
    case .integer(let value): return Double(value)
    case let other?: throw wrongKind(key, "a number", other)
    }
  }

  /// The boolean at `key`, or nil.
  public func optionalBool(_ key: String) throws(FileError) -> Bool? {
    switch self[key] {
    case nil: return nil
    case .bool(let value): return value
    case let other?: throw wrongKind(key, "a boolean", other)
    }
  }

  /// The string at `key`, or nil. Throws also if it is not UTF-8.
  public func optionalString(_ key: String) throws(FileError) -> String? {
    switch self[key] {
    case nil: return nil
    case .string(let bytes):
      guard let text = bytes.text else {
        throw FileError(.damaged, file: file, place: key, "the text is not UTF-8")
      }
      return text
    case let other?: throw wrongKind(key, "a string", other)
    }
  }

  /// The array of strings at `key`, or nil.
  public func optionalStrings(_ key: String) throws(FileError) -> GGUFStrings? {
    switch self[key] {
    case nil: return nil
    case .strings(let value): return value
    case let other?: throw wrongKind(key, "an array of strings", other)
    }
  }

  /// The array of integers at `key`, or nil.
  public func optionalIntegers(_ key: String) throws(FileError) -> [Int]? {
    guard let value = self[key] else { return nil }
    guard case .numbers(let numbers) = value, let integers = numbers.integers() else {
      throw wrongKind(key, "an array of integers", value)
    }
    return integers
  }

  /// The array of numbers at `key`, or nil.
  public func optionalFloats(_ key: String) throws(FileError) -> [Float]? {
    guard let value = self[key] else { return nil }
    guard case .numbers(let numbers) = value else { throw wrongKind(key, "an array of numbers", value) }
    return numbers.floats()
  }

  private func wrongKind(_ key: String, _ expected: String, _ found: GGUFValue) -> FileError {
    FileError(
      .damaged, file: file, place: key, "should be \(expected) but is \(found.kindName)",
      advice: Self.advice)
  }
}
