// Tokens that take the spaces around them with them (`rstrip` in tokenizer.json).
extension Tokenizer {
  /// Whether spaces behind a token in a text belong to it.
  package func takesSpacesBehind(_ id: Int32) -> Bool {
    index(id).map { vocabulary.traits(of: $0).contains(.stripsRight) } ?? false
  }

  /// The bytes of the spaces that a text in UTF-8 begins with, spaces as such a token has them.
  package func spaceCount(in text: ArraySlice<UInt8>) -> Int {
    text.withUnsafeBufferPointer { AddedTokenFinder.spacesEnd($0, after: 0) }
  }
}
