/// Writes a GGUF file that consists of metadata only (version 3, little-endian).
package struct GGUFBytes {
  /// A metadata value.
  package enum Value {
    case string(String)
    case integer(Int32)
    case float(Float)
    case bool(Bool)
    case strings([String])
    case integers([Int32])
    case floats([Float])
  }

  /// The file's bytes.
  package private(set) var bytes: [UInt8] = Array("GGUF".utf8)
  /// The bytes of the metadata alone, without the header and the padding.
  package private(set) var metadataBytes: [UInt8] = []

  package init(_ metadata: [(String, Value)]) {
    add(UInt32(3))
    add(UInt64(0))
    add(UInt64(metadata.count))
    for (key, value) in metadata {
      add(key)
      switch value {
      case .string(let text):
        add(UInt32(8))
        add(text)
      case .integer(let number):
        add(UInt32(5))
        add(number)
      case .float(let number):
        add(UInt32(6))
        add(number.bitPattern)
      case .bool(let flag):
        add(UInt32(7))
        bytes.append(flag ? 1 : 0)
      case .strings(let texts):
        addArray(type: 8, count: texts.count)
        for text in texts { add(text) }
      case .integers(let numbers):
        addArray(type: 5, count: numbers.count)
        for number in numbers { add(number) }
      case .floats(let numbers):
        addArray(type: 6, count: numbers.count)
        for number in numbers { add(number.bitPattern) }
      }
    }
    metadataBytes = Array(bytes[24...])
    bytes += Array(repeating: 0, count: 64 - bytes.count % 32)
  }

  private mutating func addArray(type: UInt32, count: Int) {
    add(UInt32(9))
    add(type)
    add(UInt64(count))
  }

  private mutating func add(_ text: String) {
    add(UInt64(text.utf8.count))
    bytes += Array(text.utf8)
  }

  private mutating func add(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes += Array($0) }
  }
}
