#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A JSON value. Integers are distinct from other numbers and objects keep their order, because chat templates print
/// both.
///
/// Strings are compared by bytes, unlike with Swift's `==` on `String`: a vocabulary may contain "é" as one code point and
/// as two, and these are different tokens.
public enum JSON: Sendable {
  case null
  case bool(Bool)
  /// A number without fraction or exponent that fits into 64 bits.
  case integer(Int)
  /// Any other number; also Python's `NaN`, `Infinity` and `-Infinity`, which model configurations contain.
  case number(Double)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  /// The type of the value, for error messages.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSON: Equatable {
  /// Same type and content: strings by bytes, objects independent of their order; 1 and 1.0 are different.
  public static func == (left: JSON, right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): ExactString(a) == ExactString(b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An integer.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Null.
  public init(nilLiteral: ()) { self = .null }
  /// An array.
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// An object in the given order; the last of equal keys wins.
  public init(dictionaryLiteral elements: (String, JSON)...) {
    var object = JSONObject()
    for (key, value) in elements { object[key] = value }
    self = .object(object)
  }
}

/// A string with the equality and hash of its UTF-8 bytes.
package struct ExactString: Hashable {
  package private(set) var string: String

  package init(_ string: String) {
    self.string = string
    self.string.makeContiguousUTF8()
  }

  package static func == (left: ExactString, right: ExactString) -> Bool {
    left.withBytes { a in
      right.withBytes { b in
        guard a.count == b.count else { return false }
        guard let first = a.baseAddress, let second = b.baseAddress else { return true }
        return memcmp(first, second, a.count) == 0
      }
    }
  }

  package func hash(into hasher: inout Hasher) {
    withBytes { hasher.combine(bytes: $0) }
  }

  private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    // The string is contiguous since `init`, so no copy is made.
    string.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
      ?? Array(string.utf8).withUnsafeBytes(body)
  }
}
