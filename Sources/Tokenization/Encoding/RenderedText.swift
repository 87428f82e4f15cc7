/// A rendered template, and the offsets at which the text of a special token is only text.
public struct RenderedText: Sendable, Equatable {
  /// The text.
  public var text: String
  /// UTF-8 offsets, ascending, at which messages contain the text of a special token.
  public var quoted: [Int]

  /// A text and the offsets at which it only contains the text of special tokens.
  public init(_ text: String, quoted: [Int] = []) {
    self.text = text
    self.quoted = quoted
  }
}
