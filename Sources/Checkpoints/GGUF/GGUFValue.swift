import Basics

/// A metadata value of a GGUF file. Strings and arrays stay in the mapped file and are decoded on access.
public enum GGUFValue: Sendable {
  /// Any integer type. A 64-bit unsigned integer above `Int.max` becomes a number.
  case integer(Int)
  /// A 32-bit or 64-bit floating-point number.
  case number(Double)
  case bool(Bool)
  /// UTF-8, not validated.
  case string(Bytes)
  case strings(GGUFStrings)
  case numbers(GGUFNumbers)
  /// An array of arrays. No supported model uses one, so only its length is kept.
  case arrays(count: Int)

  /// The type of the value, for error messages.
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

/// The types of values and array elements, by their numbers in the file.
public enum GGUFScalar: UInt32, Sendable, CaseIterable {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// The size of a value in bytes; nil if it varies.
  var size: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// Whether this is a floating-point type.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

/// An array of numbers or booleans, decoded on each access. Elements need not be aligned.
public struct GGUFNumbers: Sendable {
  /// The type of the elements; never `string` or `array`.
  public let element: GGUFScalar
  /// The number of elements.
  public let count: Int
  /// The consecutive elements, little-endian.
  public let bytes: Bytes

  /// All elements as integers (booleans as 0 and 1); nil for floating-point types and for values above `Int.max`.
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

  /// All elements as 32-bit floating-point numbers, rounded if necessary.
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

/// An array of strings in the mapped file, such as a vocabulary. Iterating over 50,000 strings takes well under a
/// millisecond and allocates nothing. The bytes need not be UTF-8.
public struct GGUFStrings: Sendable {
  /// The number of strings.
  public let count: Int
  /// The consecutive strings, each a 64-bit length followed by its bytes.
  public let bytes: Bytes

  /// Calls `body` with the bytes of each string in order; they are valid only during the call.
  public func forEach<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try bytes.withUnsafeBytes { (bytes) throws(Failure) in
      // Checked again, because the file may have been modified since it was opened.
      var reader = ByteReader(bytes)
      for _ in 0..<count {
        guard let range = try? reader.string() else { return }
        try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
      }
    }
  }

  /// The ranges of the strings in `bytes`: 16 bytes of memory per string.
  public func ranges() -> [Range<Int>] {
    bytes.withUnsafeBytes { bytes in
      var result: [Range<Int>] = []
      result.reserveCapacity(count)
      var reader = ByteReader(bytes)
      while result.count < count, let range = try? reader.string() { result.append(range) }
      return result
    }
  }

  /// All strings, with invalid UTF-8 replaced by U+FFFD. For short arrays; use `forEach` or `ranges` for a vocabulary.
  public func strings() -> [String] {
    var result: [String] = []
    result.reserveCapacity(count)
    forEach { result.append(String(decoding: $0, as: UTF8.self)) }
    return result
  }
}
