/// ▁ (U+2581), which stands for a space in SentencePiece's vocabularies.
enum SpaceMark {
  static let first: UInt8 = 0xE2
  static let second: UInt8 = 0x96
  static let third: UInt8 = 0x81
  static let bytes = [first, second, third]

  /// A text with every ▁ turned into a space.
  static func spaces(in text: UnsafeBufferPointer<UInt8>, _ body: (UInt8) -> Void) {
    var place = 0
    while place < text.count {
      if text[place] == first, place + 2 < text.count, text[place + 1] == second,
        text[place + 2] == third
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
