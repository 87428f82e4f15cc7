/// ▁ (U+2581), which stands for a space in SentencePiece's vocabularies.
enum SpaceMark {
  static let point: UInt32 = 0x2581
  static let bytes: [UInt8] = [0xE2, 0x96, 0x81]

  /// A text with every ▁ turned into a space.
  static func spaces(in text: UnsafeBufferPointer<UInt8>, _ body: (UInt8) -> Void) {
    var place = 0
    while place < text.count {
      if text[place] == bytes[0], place + 2 < text.count, text[place + 1] == bytes[1],
        text[place + 2] == bytes[2]
      {
        body(UInt8(ascii: " "))
        place += 3
      } else {
        body(text[place])
        place += 1
      }
    }
  }
}
