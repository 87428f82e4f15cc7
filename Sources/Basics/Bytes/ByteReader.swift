/// Reads consecutive little-endian numbers from untrusted bytes. Every read is checked against the end, and a count is
/// accepted only if that many elements fit into the remaining bytes.
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

  /// The range of the bytes of a string, which a 64-bit length precedes.
  package mutating func string() throws(Overrun) -> Range<Int> {
    try skip(count(ofElementsOf: 1))
  }

  /// Skips `count` strings and returns the range of their lengths and bytes. It takes about a nanosecond a string: every
  /// length must be read to find the next one.
  package mutating func skipStrings(_ count: Int) throws(Overrun) -> Range<Int> {
    let start = position
    var offset = position
    for _ in 0..<count {
      guard bytes.count - offset >= 8 else { throw Overrun(offset: offset, needed: 8) }
      let length = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      guard length <= UInt64(bytes.count - offset - 8) else { throw Overrun(offset: offset, needed: length) }
      offset += 8 + Int(length)
    }
    position = offset
    return start..<offset
  }

  /// Skips `count` bytes and returns their range.
  @discardableResult
  package mutating func skip(_ count: Int) throws(Overrun) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw Overrun(offset: position, needed: UInt64(max(0, count)))
    }
    defer { position += count }
    return position..<position + count
  }

  /// A read or a length beyond the end.
  package struct Overrun: Error {
    /// The offset of the number or length.
    package let offset: Int
    /// The number of bytes or elements required after it.
    package let needed: UInt64
  }
}
