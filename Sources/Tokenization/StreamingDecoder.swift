/// Turns tokens into text as they come, without ever cutting a character: bytes at the end that are the
/// beginning of a character wait for the rest of it, three at most; everything else is given out at once.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private var waiting: [UInt8] = []
  private var isAtStart: Bool

  /// A decoder at the start of a text.
  /// - Parameters:
  ///   - skipSpecial: whether control tokens are left out.
  ///   - continues: whether the text goes on from one before it, so that a first space is kept.
  public init(_ tokenizer: Tokenizer, skipSpecial: Bool, continues: Bool = false) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
    isAtStart = !continues && tokenizer.vocabulary.rules.dropsFirstSpace
  }

  /// The text that one more token completes; often none. Bytes that cannot be a character become U+FFFD.
  public mutating func feed(_ id: Int32) -> String {
    tokenizer.appendBytes(of: id, skipSpecial: skipSpecial, to: &waiting)
    if isAtStart, let first = waiting.first {
      isAtStart = false
      if first == UInt8(ascii: " ") { waiting.removeFirst() }
    }
    let complete = waiting.count - Self.unfinished(waiting)
    guard complete > 0 else { return "" }
    let text = String(decoding: waiting[..<complete], as: UTF8.self)
    waiting.removeFirst(complete)
    return text
  }

  /// What is left at the end: U+FFFD for a character that was never completed. The decoder starts anew.
  public mutating func flush() -> String {
    defer { waiting.removeAll() }
    return String(decoding: waiting, as: UTF8.self)
  }

  /// How many bytes at the end are the beginning of a character that may still be completed.
  static func unfinished(_ bytes: [UInt8]) -> Int {
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if byte & 0xC0 == 0x80 { continue }
      guard (0xC2...0xF4).contains(byte), UTF8Text.length(startingWith: byte) > back else { return 0 }
      // Some second bytes cannot follow some first ones: surrogates, overlong forms, beyond U+10FFFF.
      guard back > 1 else { return back }
      let second = bytes[bytes.count - back + 1]
      switch byte {
      case 0xE0: return second >= 0xA0 ? back : 0
      case 0xED: return second < 0xA0 ? back : 0
      case 0xF0: return second >= 0x90 ? back : 0
      case 0xF4: return second < 0x90 ? back : 0
      default: return back
      }
    }
    return 0
  }
}
