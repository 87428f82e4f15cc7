extension TokenizerRules {
  /// These rules as numbers.
  var words: [UInt32] {
    var words: [UInt32] = [UInt32(alphabet.rawValue)]
    words.append(UInt32(isOrdered ? 1 : 0) | (fusesUnknown ? 2 : 0) | (dropsFirstSpace ? 4 : 0))
    for token in [beginning, end, unknown, padding] { words.append(token ?? VocabularyLayout.none) }
    for list in [normalization.map(\.rawValue), prefix, suffix, endOfGeneration] {
      words.append(UInt32(truncatingIfNeeded: list.count))
      words += list
    }
    words.append(UInt32(truncatingIfNeeded: preTokenization.count))
    for step in preTokenization { words += step.words }
    return words
  }

  /// Rules from numbers; nil where they mean nothing or name a token beyond `count`.
  init?(words: UnsafeBufferPointer<UInt32>, count: Int) {
    var reader = WordReader(words: words)
    guard let alphabet = reader.next().flatMap({ Alphabet(rawValue: UInt8(truncatingIfNeeded: $0)) }),
      let flags = reader.next()
    else { return nil }
    self.alphabet = alphabet
    isOrdered = flags & 1 != 0
    fusesUnknown = flags & 2 != 0
    dropsFirstSpace = flags & 4 != 0
    func token(_ word: UInt32?) -> UInt32?? {
      guard let word else { return nil }
      return word == VocabularyLayout.none ? .some(nil) : word < count ? .some(word) : nil
    }
    guard let beginning = token(reader.next()), let end = token(reader.next()),
      let unknown = token(reader.next()), let padding = token(reader.next()),
      let normalization = reader.list(), let prefix = reader.list(), let suffix = reader.list(),
      let endOfGeneration = reader.list(), let steps = reader.next(),
      (prefix + suffix + endOfGeneration).allSatisfy({ $0 < count })
    else { return nil }
    self.beginning = beginning
    self.end = end
    self.unknown = unknown
    self.padding = padding
    self.prefix = prefix
    self.suffix = suffix
    self.endOfGeneration = endOfGeneration
    for word in normalization {
      guard let step = Normalization(rawValue: word) else { return nil }
      self.normalization.append(step)
    }
    for _ in 0..<steps {
      guard let step = PreTokenization(&reader) else { return nil }
      preTokenization.append(step)
    }
  }
}

/// Reads numbers one by one.
struct WordReader {
  let words: UnsafeBufferPointer<UInt32>
  private var place = 0

  init(words: UnsafeBufferPointer<UInt32>) { self.words = words }

  mutating func next() -> UInt32? {
    guard place < words.count else { return nil }
    defer { place += 1 }
    return words[place]
  }

  /// A count and so many numbers.
  mutating func list() -> [UInt32]? {
    guard let count = next(), count <= words.count - place else { return nil }
    defer { place += Int(count) }
    return Array(words[place..<place + Int(count)])
  }
}
