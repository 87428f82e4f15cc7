/// SentencePiece's ▁ (U+2581), which replaces spaces in its vocabularies.
enum Metaspace {
  static let first: UInt8 = 0xE2
  static let second: UInt8 = 0x96
  static let third: UInt8 = 0x81
  static let bytes = [first, second, third]

  /// Calls `body` for each byte of a text in which every ▁ is replaced by a space.
  static func spaces(in text: UnsafeBufferPointer<UInt8>, _ body: (UInt8) -> Void) {
    var position = 0
    while position < text.count {
      if text[position] == first, position + 2 < text.count, text[position + 1] == second,
        text[position + 2] == third
      {
        body(UInt8(ascii: " "))
        position += 3
      } else {
        body(text[position])
        position += 1
      }
    }
  }
}
