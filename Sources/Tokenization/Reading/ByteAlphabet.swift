/// The characters that represent bytes in byte-level vocabularies: printable bytes are themselves, the others
/// U+0100 and up, in order (GPT-2's `bytes_to_unicode`).
enum ByteAlphabet {
  /// For each code point below 324 the byte that it represents, plus one; 0 for none.
  private static let bytes: [UInt16] = {
    var bytes = [UInt16](repeating: 0, count: 324)
    var next = 256
    for byte in 0..<256 {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      bytes[isPrintable ? byte : next] = UInt16(byte + 1)
      if !isPrintable { next += 1 }
    }
    return bytes
  }()

  /// Replaces `output` with the bytes that a text represents; false if a character represents none.
  static func decode(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) -> Bool {
    output.removeAll(keepingCapacity: true)
    return bytes.withUnsafeBufferPointer { bytes in
      var position = 0
      while position < text.count {
        var point = Int(text[position])
        if point >= 0x80 {
          // All characters of the alphabet have at most two bytes.
          guard point & 0xE0 == 0xC0, position + 1 < text.count, text[position + 1] & 0xC0 == 0x80 else {
            return false
          }
          point = (point & 0x1F) << 6 | Int(text[position + 1] & 0x3F)
          position += 1
        }
        guard point < bytes.count, bytes[point] != 0 else { return false }
        output.append(UInt8(truncatingIfNeeded: bytes[point] - 1))
        position += 1
      }
      return true
    }
  }
}
