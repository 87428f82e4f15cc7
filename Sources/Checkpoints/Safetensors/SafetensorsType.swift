import Basics

/// The storage type of a safetensors tensor. Unknown names are kept; only reading such a tensor is an error.
public enum SafetensorsType: Sendable, Hashable, CustomStringConvertible {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool
  case float8E4M3, float8E5M2, float8E8M0
  /// Another type, such as "F4".
  case other(String)

  /// The type with this name in a header.
  public init(name: String) { self = Self.named[name] ?? .other(name) }

  /// The name in the header.
  public var description: String {
    if case .other(let name) = self { return printable(name) }
    return Self.names[self] ?? ""
  }

  /// The element size in bytes; nil for unknown types.
  public var size: Int? {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool, .float8E4M3, .float8E5M2, .float8E8M0: 1
    case .other: nil
    }
  }

  /// The weight format; nil for types without kernels.
  public var format: WeightFormat? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    default: nil
    }
  }

  private static let named: [String: SafetensorsType] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16,
    "I64": .int64, "I32": .int32, "I16": .int16, "I8": .int8,
    "U64": .uint64, "U32": .uint32, "U16": .uint16, "U8": .uint8, "BOOL": .bool,
    "F8_E4M3": .float8E4M3, "F8_E5M2": .float8E5M2, "F8_E8M0": .float8E8M0,
  ]
  private static let names = [SafetensorsType: String](uniqueKeysWithValues: named.map { ($1, $0) })
}
