/// Decodes tokens to text as they are generated and never splits a character: an incomplete UTF-8 sequence at
/// the end (three bytes at most) is held back until it is complete; everything else is returned at once.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private var waiting: [UInt8] = []
  private var isAtStart: Bool

  /// A decoder at the start of a text.
  /// - Parameters:
  ///   - skipSpecial: whether control tokens are skipped.
  ///   - continues: whether the text continues an earlier one, so that its first space is kept.
  public init(_ tokenizer: Tokenizer, skipSpecial: Bool, continues: Bool = false) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
    isAtStart = !continues && tokenizer.vocabulary.rules.stripsLeadingSpace
  }

  /// The text that this token completes; often empty. Invalid UTF-8 becomes U+FFFD.
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

  /// The remaining text at the end: U+FFFD for an incomplete character. Resets the decoder.
  public mutating func flush() -> String {
    defer { waiting.removeAll() }
    return String(decoding: waiting, as: UTF8.self)
  }

  /// The number of bytes at the end that are an incomplete UTF-8 sequence.
  static func unfinished(_ bytes: [UInt8]) -> Int {
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if byte & 0xC0 == 0x80 { continue }
      guard (0xC2...0xF4).contains(byte), UTF8Text.length(startingWith: byte) > back else { return 0 }
      // Some second bytes are invalid after some first bytes: surrogates, overlong forms, beyond U+10FFFF.
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
