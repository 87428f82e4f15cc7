/// Reads little-endian numbers one after another from bytes that are not to be trusted: every read is
/// checked against the end, and a count is believed only if that many elements could be in what is left.
package struct ByteReader {
  package let bytes: UnsafeRawBufferPointer
  /// The offset of the next byte; never beyond `bytes.count`.
  package private(set) var position = 0

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package var remaining: Int { bytes.count - position }

  /// The next number.
  package mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self
  ) throws(Overrun) -> Value {
    let size = MemoryLayout<Value>.size
    guard remaining >= size else { throw Overrun(offset: position, needed: UInt64(size)) }
    defer { position += size }
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
  }

  /// A 64-bit count of elements of at least `size` bytes each.
  package mutating func count(ofElementsOf size: Int) throws(Overrun) -> Int {
    let start = position
    let count = try read(UInt64.self)
    guard count <= UInt64(remaining / size) else { throw Overrun(offset: start, needed: count) }
    return Int(count)
  }

  /// The bytes of a string with a 64-bit length before it.
  package mutating func string() throws(Overrun) -> Range<Int> {
    try skip(count(ofElementsOf: 1))
  }

  /// The range of the next `count` bytes, which are passed over.
  @discardableResult
  package mutating func skip(_ count: Int) throws(Overrun) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw Overrun(offset: position, needed: UInt64(max(0, count)))
    }
    defer { position += count }
    return position..<position + count
  }

  /// A read or a length that goes beyond the end.
  package struct Overrun: Error {
    /// Where the number or length stands.
    package let offset: Int
    /// The bytes or elements that should follow.
    package let needed: UInt64
  }
}
