import Basics

/// A value of GGUF's metadata. Strings and arrays stay in the file until they are asked for.
public enum GGUFValue: Sendable {
  /// Any of the integer types. A 64-bit unsigned one beyond `Int.max` becomes a number.
  case integer(Int)
  /// A 32-bit or 64-bit floating-point number.
  case number(Double)
  case bool(Bool)
  /// UTF-8, unchecked.
  case string(Bytes)
  case strings(GGUFStrings)
  case numbers(GGUFNumbers)
  /// An array of arrays; no model's metadata that Sotto reads has one, so only its length is kept.
  case arrays(count: Int)

  /// What kind of value this is, in the words of error messages.
  public var kindName: String {
    switch self {
    case .integer: "an integer"
    case .number: "a number"
    case .bool: "a boolean"
    case .string: "a string"
    case .strings: "an array of strings"
    case .numbers: "an array of numbers"
    case .arrays: "an array of arrays"
    }
  }
}

/// The types of single values and of an array's elements, by their numbers in the file.
public enum GGUFScalar: UInt32, Sendable, CaseIterable {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// Bytes of a value; nil where that varies.
  var size: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// Whether values have a fraction.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

/// An array of numbers or booleans, read from the file each time. Elements need not be aligned.
public struct GGUFNumbers: Sendable {
  /// The type of every element; never `string` or `array`.
  public let element: GGUFScalar
  /// The number of elements.
  public let count: Int
  /// The elements one after another, little-endian.
  public let bytes: Bytes

  /// All elements as integers (booleans as 0 and 1); nil for floating-point ones and for those above
  /// `Int.max`.
  public func integers() -> [Int]? {
    switch element {
    case .uint8, .bool: load(UInt8.self).map { Int($0) }
    case .int8: load(Int8.self).map { Int($0) }
    case .uint16: load(UInt16.self).map { Int($0) }
    case .int16: load(Int16.self).map { Int($0) }
    case .uint32: load(UInt32.self).map { Int($0) }
    case .int32: load(Int32.self).map { Int($0) }
    case .int64: load(Int64.self).map { Int($0) }
    case .uint64:
      load(UInt64.self).allSatisfy { $0 <= UInt64(Int.max) }
        ? load(UInt64.self).map { Int($0) } : nil
    case .float32, .float64, .string, .array: nil
    }
  }

  /// All elements as 32-bit floating-point numbers, rounded where need be.
  public func floats() -> [Float] {
    switch element {
    case .float32: load(UInt32.self).map { Float(bitPattern: $0) }
    case .float64: load(UInt64.self).map { Float(Double(bitPattern: $0)) }
    default: (integers() ?? []).map { Float($0) }
    }
  }

  private func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> [Value] {
    bytes.withUnsafeBytes { bytes in
      (0..<count).map {
        Value(
          littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self))
      }
    }
  }
}

/// An array of strings, such as a vocabulary, left in the file: reading all of 50,000 costs well under a
/// millisecond and builds nothing. The bytes need not be UTF-8.
public struct GGUFStrings: Sendable {
  /// The number of strings.
  public let count: Int
  /// Every string's length as 64 bits, then its bytes.
  public let bytes: Bytes

  /// Calls `body` with every string's bytes in order; they are valid during the call only.
  public func forEach<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try bytes.withUnsafeBytes { (bytes) throws(Failure) in
      // Checked when the file was opened; checked again, as a file may be written to meanwhile.
      var reader = ByteReader(bytes)
      for _ in 0..<count {
        guard let range = try? reader.string() else { return }
        try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
      }
    }
  }

  /// Where each string lies within `bytes`: 16 bytes of memory a string.
  public func ranges() -> [Range<Int>] {
    bytes.withUnsafeBytes { bytes in
      var result: [Range<Int>] = []
      result.reserveCapacity(count)
      var reader = ByteReader(bytes)
      while result.count < count, let range = try? reader.string() { result.append(range) }
      return result
    }
  }

  /// All strings; what is not UTF-8 becomes U+FFFD. For short arrays: a vocabulary is better read by
  /// `forEach` or `ranges`.
  public func strings() -> [String] {
    var result: [String] = []
    result.reserveCapacity(count)
    forEach { result.append(String(decoding: $0, as: UTF8.self)) }
    return result
  }
}
