import CKernels

/// A 64-bit checksum of bytes that come in portions; checksum.h says what it finds. Some 10 GB/s and more.
package struct Checksum {
  private var state = sotto_checksum()

  /// The checksum of nothing.
  package init() { sotto_checksum_start(&state) }

  /// Takes in more bytes; in what portions makes no difference.
  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    sotto_checksum_add(&state, bytes.baseAddress, bytes.count)
  }

  /// Takes in more bytes.
  package mutating func add(_ bytes: Bytes) {
    withExtendedLifetime(bytes.owner) { add(bytes.pointer) }
  }

  /// The checksum of all bytes so far.
  package var value: UInt64 { withUnsafePointer(to: state) { sotto_checksum_end($0) } }

  /// The checksum of these bytes.
  package static func of(_ bytes: Bytes) -> UInt64 {
    var sum = Checksum()
    sum.add(bytes)
    return sum.value
  }

  /// The checksum of a text's UTF-8.
  package static func of(_ text: String) -> UInt64 {
    var text = text
    return text.withUTF8 { of(UnsafeRawBufferPointer($0)) }
  }

  /// The checksum of numbers as they lie in memory (little-endian on every processor that Sotto runs on).
  package static func of<Number: BitwiseCopyable>(_ numbers: [Number]) -> UInt64 {
    numbers.withUnsafeBytes { of($0) }
  }

  private static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var sum = Checksum()
    sum.add(bytes)
    return sum.value
  }
}
