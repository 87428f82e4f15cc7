/// Finds added tokens in text: leftmost first, then longest. Bytes that start no added token cost one lookup.
struct AddedTokenFinder {
  private let vocabulary: Vocabulary
  private let parseSpecial: Bool
  /// Indexed by byte: whether an added token starts with it.
  private let starts: [Bool]

  init(_ vocabulary: Vocabulary, parseSpecial: Bool) {
    self.vocabulary = vocabulary
    self.parseSpecial = parseSpecial
    var starts = [Bool](repeating: false, count: 256)
    for id in 0..<UInt32(vocabulary.count) where vocabulary.traits(of: id).contains(.added) {
      if let first = vocabulary.token(id).first { starts[Int(first)] = true }
    }
    self.starts = starts
  }

  /// Calls `body` for each stretch of plain text and each added token, in order. Empty stretches are skipped.
  /// - Parameter quoted: byte offsets, ascending, at which special tokens are not matched.
  func forEachPart(
    _ text: UnsafeBufferPointer<UInt8>, quoted: some Sequence<Int> = EmptyCollection(),
    _ body: (_ stretch: Range<Int>, _ token: UInt32?) -> Void
  ) {
    var plain = 0
    var position = 0
    var quoted = quoted.makeIterator()
    var nextQuoted = quoted.next()
    while position < text.count {
      while let next = nextQuoted, next < position { nextQuoted = quoted.next() }
      guard starts[Int(text[position])],
        let token = match(text, at: position, parseSpecial: parseSpecial && nextQuoted != position)
      else {
        position += 1
        continue
      }
      let traits = vocabulary.traits(of: token)
      let end = position + vocabulary.length(token)
      if traits.contains(.singleWord), isWord(text, before: position) || isWord(text, after: end) {
        position = end
        continue
      }
      let start = traits.contains(.stripsLeft) ? spacesStart(text, before: position, from: plain) : position
      if plain < start { body(plain..<start, nil) }
      position = traits.contains(.stripsRight) ? Self.spacesEnd(text, after: end) : end
      body(start..<position, token)
      plain = position
    }
    if plain < text.count { body(plain..<text.count, nil) }
  }

  /// Calls `body` for every offset at which a special token starts, including those inside another one.
  func forEachSpecial(_ text: UnsafeBufferPointer<UInt8>, _ body: (_ position: Int, _ token: UInt32) -> Void)
  {
    for position in text.indices where starts[Int(text[position])] {
      guard let token = match(text, at: position, parseSpecial: true),
        vocabulary.traits(of: token).contains(.special)
      else { continue }
      body(position, token)
    }
  }

  /// The longest added token at an offset; special tokens only with `parseSpecial`.
  private func match(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int, parseSpecial: Bool
  ) -> UInt32? {
    guard let base = text.baseAddress else { return nil }
    var node: UInt32?
    var found: UInt32?
    var position = start
    while position < text.count {
      let (symbol, length) = TokenTrie.symbol(base, at: position, limit: text.count)
      guard let next = vocabulary.added.child(of: node, symbol) else { break }
      node = next
      position += length
      if next < vocabulary.count, vocabulary.length(next) == position - start,
        parseSpecial || !vocabulary.traits(of: next).contains(.special)
      {
        found = next
      }
    }
    return found
  }

  private func spacesStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int, from limit: Int) -> Int {
    var position = end
    while position > limit, let before = characterStart(text, before: position, from: limit),
      Self.kind(text, at: before).contains(.space)
    {
      position = before
    }
    return position
  }

  /// The offset of the first byte after `start` that is not white space.
  static func spacesEnd(_ text: UnsafeBufferPointer<UInt8>, after start: Int) -> Int {
    var position = start
    while position < text.count, kind(text, at: position).contains(.space) {
      position += UTF8Text.length(startingWith: text[position])
    }
    return position
  }

  private func isWord(_ text: UnsafeBufferPointer<UInt8>, after position: Int) -> Bool {
    position < text.count && isWordCharacter(text, at: position)
  }

  private func isWord(_ text: UnsafeBufferPointer<UInt8>, before position: Int) -> Bool {
    characterStart(text, before: position, from: 0).map { isWordCharacter(text, at: $0) } ?? false
  }

  /// Whether `\w` matches the character.
  private func isWordCharacter(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
    text[position] == UInt8(ascii: "_")
      || !Self.kind(text, at: position).isDisjoint(with: [.letter, .mark, .number])
  }

  private func characterStart(
    _ text: UnsafeBufferPointer<UInt8>, before position: Int, from limit: Int
  ) -> Int? {
    var start = position - 1
    while start > limit, text[start] & 0xC0 == 0x80 { start -= 1 }
    return start >= limit ? start : nil
  }

  private static func kind(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> CharacterClass {
    guard let base = text.baseAddress else { return [] }
    return CharacterClass.of(UTF8Text.point(base, at: position).value)
  }
}
