/// The characters by which byte-level vocabularies write bytes in text files: printable bytes as themselves,
/// the others as U+0100 and on, in order (GPT-2's `bytes_to_unicode`).
enum ByteAlphabet {
  /// One more than the byte that each code point below 324 stands for; 0 for none.
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

  /// Replaces `output` by the bytes that a text stands for; false where some character stands for none.
  static func decode(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) -> Bool {
    output.removeAll(keepingCapacity: true)
    return bytes.withUnsafeBufferPointer { bytes in
      var place = 0
      while place < text.count {
        var point = Int(text[place])
        if point >= 0x80 {
          // All of the alphabet takes two bytes at most.
          guard point & 0xE0 == 0xC0, place + 1 < text.count, text[place + 1] & 0xC0 == 0x80 else {
            return false
          }
          point = (point & 0x1F) << 6 | Int(text[place + 1] & 0x3F)
          place += 1
        }
        guard point < bytes.count, bytes[point] != 0 else { return false }
        output.append(UInt8(truncatingIfNeeded: bytes[point] - 1))
        place += 1
      }
      return true
    }
  }
}
