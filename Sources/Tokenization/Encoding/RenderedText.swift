/// A rendered template, and where in it something reads like a special token and is none.
public struct RenderedText: Sendable, Equatable {
  /// The text.
  public var text: String
  /// UTF-8 offsets, in rising order, where what somebody wrote reads like a special token.
  public var quoted: [Int]

  /// A text and the places in it that only read like special tokens.
  public init(_ text: String, quoted: [Int] = []) {
    self.text = text
    self.quoted = quoted
  }
}
