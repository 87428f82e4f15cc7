/// Finds added tokens in text: from the left, the longest first. One look at a byte where none starts.
struct AddedTokenFinder {
  private let vocabulary: Vocabulary
  private let parseSpecial: Bool
  /// Whether an added token starts with this byte.
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

  /// Hands each stretch of plain text and each added token to `body`, in order. Empty stretches are left out.
  /// - Parameter quoted: places, in rising order, where no special token is found.
  func forEachPart(
    _ text: UnsafeBufferPointer<UInt8>, quoted: some Sequence<Int> = EmptyCollection(),
    _ body: (_ stretch: Range<Int>, _ token: UInt32?) -> Void
  ) {
    var plain = 0
    var place = 0
    var quoted = quoted.makeIterator()
    var nextQuoted = quoted.next()
    while place < text.count {
      while let next = nextQuoted, next < place { nextQuoted = quoted.next() }
      guard starts[Int(text[place])],
        let token = match(text, at: place, parseSpecial: parseSpecial && nextQuoted != place)
      else {
        place += 1
        continue
      }
      let traits = vocabulary.traits(of: token)
      let end = place + vocabulary.length(token)
      if traits.contains(.singleWord), isWord(text, before: place) || isWord(text, after: end) {
        place = end
        continue
      }
      let start = traits.contains(.stripsLeft) ? spacesStart(text, before: place, from: plain) : place
      if plain < start { body(plain..<start, nil) }
      place = traits.contains(.stripsRight) ? Self.spacesEnd(text, after: end) : end
      body(start..<place, token)
      plain = place
    }
    if plain < text.count { body(plain..<text.count, nil) }
  }

  /// Hands every place where a special token begins to `body`, also one within another.
  func forEachSpecial(_ text: UnsafeBufferPointer<UInt8>, _ body: (_ place: Int, _ token: UInt32) -> Void) {
    for place in text.indices where starts[Int(text[place])] {
      guard let token = match(text, at: place, parseSpecial: true),
        vocabulary.traits(of: token).contains(.special)
      else { continue }
      body(place, token)
    }
  }

  /// The longest added token at a place, special ones only if asked for.
  private func match(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int, parseSpecial: Bool
  ) -> UInt32? {
    guard let base = text.baseAddress else { return nil }
    var node: UInt32?
    var found: UInt32?
    var place = start
    while place < text.count {
      let (symbol, length) = TokenTree.symbol(base, at: place, limit: text.count)
      guard let next = vocabulary.added.child(of: node, symbol) else { break }
      node = next
      place += length
      if next < vocabulary.count, vocabulary.length(next) == place - start,
        parseSpecial || !vocabulary.traits(of: next).contains(.special)
      {
        found = next
      }
    }
    return found
  }

  private func spacesStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int, from limit: Int) -> Int {
    var place = end
    while place > limit, let before = characterStart(text, before: place, from: limit),
      Self.kind(text, at: before).contains(.space)
    {
      place = before
    }
    return place
  }

  /// Where the spaces from `start` on end.
  static func spacesEnd(_ text: UnsafeBufferPointer<UInt8>, after start: Int) -> Int {
    var place = start
    while place < text.count, kind(text, at: place).contains(.space) {
      place += UTF8Text.length(startingWith: text[place])
    }
    return place
  }

  private func isWord(_ text: UnsafeBufferPointer<UInt8>, after place: Int) -> Bool {
    place < text.count && isWordCharacter(text, at: place)
  }

  private func isWord(_ text: UnsafeBufferPointer<UInt8>, before place: Int) -> Bool {
    characterStart(text, before: place, from: 0).map { isWordCharacter(text, at: $0) } ?? false
  }

  /// `\w`
  private func isWordCharacter(_ text: UnsafeBufferPointer<UInt8>, at place: Int) -> Bool {
    text[place] == UInt8(ascii: "_")
      || !Self.kind(text, at: place).isDisjoint(with: [.letter, .mark, .number])
  }

  private func characterStart(
    _ text: UnsafeBufferPointer<UInt8>, before place: Int, from limit: Int
  ) -> Int? {
    var start = place - 1
    while start > limit, text[start] & 0xC0 == 0x80 { start -= 1 }
    return start >= limit ? start : nil
  }

  private static func kind(_ text: UnsafeBufferPointer<UInt8>, at place: Int) -> CharacterClass {
    guard let base = text.baseAddress else { return [] }
    return CharacterClass.of(UTF8Text.point(base, at: place).value)
  }
}
