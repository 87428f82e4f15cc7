/// Finds added tokens in text: leftmost first, then longest. Bytes that start no added token cost one lookup.
struct AddedTokenFinder {
  private let roles: TokenRoles
  private let isNormalized: Bool
  /// Indexed by byte: whether a token of the trie starts with it.
  private var starts = [Bool](repeating: false, count: 256)
  /// Whether there are no tokens to find.
  private(set) var isEmpty = true

  /// - Parameters:
  ///   - isNormalized: whether to find the tokens that are matched in normalized text, as opposed to those
  ///     that are matched in the original text.
  ///   - ids: all added tokens.
  init(_ roles: TokenRoles, isNormalized: Bool, among ids: [UInt32]) {
    self.roles = roles
    let vocabulary = roles.vocabulary
    self.isNormalized = isNormalized
    let steps = vocabulary.rules.normalization.prefix(vocabulary.rules.normalizerStepCount)
    let normalizer = TextNormalizer(
      steps: isNormalized ? Array(steps) : [], map: vocabulary.characterMap)
    for id in ids where roles.traits(of: id).contains(.normalized) == isNormalized {
      guard let first = normalizer.normalized(Array(vocabulary.token(id))).first else { continue }
      starts[Int(first)] = true
      isEmpty = false
    }
  }

  /// Calls `body` for each stretch of plain text and each added token, in order. Empty stretches are skipped.
  /// - Parameters:
  ///   - parseSpecial: whether special tokens are matched.
  ///   - quoted: byte offsets, ascending; no special token is matched that contains the byte at one of them.
  func forEachPart(
    _ text: UnsafeBufferPointer<UInt8>, parseSpecial: Bool,
    quoted: some Sequence<Int> = EmptyCollection(),
    _ body: (_ stretch: Range<Int>, _ token: UInt32?) -> Void
  ) {
    var plain = 0
    var position = 0
    var quoted = quoted.makeIterator()
    var nextQuoted = quoted.next()
    while position < text.count {
      guard starts[Int(text[position])] else {
        position += 1
        continue
      }
      while let next = nextQuoted, next < position { nextQuoted = quoted.next() }
      guard let (token, end) = match(text, at: position, specialLimit: parseSpecial ? nextQuoted ?? .max : 0)
      else {
        position += 1
        continue
      }
      let traits = roles.traits(of: token)
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
      guard let (token, _) = match(text, at: position, specialLimit: .max),
        roles.traits(of: token).contains(.special)
      else { continue }
      body(position, token)
    }
  }

  /// The longest added token at an offset and its end; special tokens only up to the end `specialLimit`.
  private func match(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int, specialLimit: Int
  ) -> (token: UInt32, end: Int)? {
    guard let base = text.baseAddress else { return nil }
    let trie = isNormalized ? roles.vocabulary.normalizedAdded : roles.vocabulary.added
    var node: UInt32?
    var found: (UInt32, Int)?
    var position = start
    while position < text.count {
      let (symbol, length) = TokenTrie.symbol(base, at: position, limit: text.count)
      guard let next = trie.child(of: node, symbol) else { break }
      node = next
      position += length
      if next < roles.vocabulary.count, position <= specialLimit || !roles.traits(of: next).contains(.special)
      {
        found = (next, position)
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

  /// Whether `\w` matches the character: alphabetic, a mark, a decimal digit, connecting punctuation or a
  /// joiner (Unicode Technical Standard 18).
  private func isWordCharacter(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
    guard let base = text.baseAddress,
      let scalar = Unicode.Scalar(UTF8Text.point(base, at: position).value)
    else { return false }
    if scalar == "\u{200C}" || scalar == "\u{200D}" || scalar.properties.isAlphabetic { return true }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
    default: return false
    }
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
