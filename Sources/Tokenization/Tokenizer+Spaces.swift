// Tokens that absorb the white space around them (`rstrip` in tokenizer.json).
extension Tokenizer {
  /// Whether a token absorbs the white space after it.
  package func absorbsSpacesAfter(_ id: Int32) -> Bool {
    index(id).map { vocabulary.traits(of: $0).contains(.stripsRight) } ?? false
  }

  /// The length in bytes of the white space at the start of a UTF-8 text, as such a token absorbs it.
  package func leadingSpaceCount(in text: ArraySlice<UInt8>) -> Int {
    text.withUnsafeBufferPointer { AddedTokenFinder.spacesEnd($0, after: 0) }
  }
}
