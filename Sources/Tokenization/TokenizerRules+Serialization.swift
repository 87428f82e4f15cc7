extension TokenizerRules {
  /// The serialized rules.
  var serialized: [UInt32] {
    var words: [UInt32] = [UInt32(alphabet.rawValue)]
    words.append(
      UInt32(isOrdered ? 1 : 0) | (fusesUnknown ? 2 : 0) | (stripsLeadingSpace ? 4 : 0)
        | segmentation.rawValue << 4)
    words.append(UInt32(truncatingIfNeeded: normalizerStepCount))
    for token in [bos, eos, unknown, padding] { words.append(token ?? VocabularyLayout.none) }
    for list in [normalization.map(\.rawValue), prefix, suffix, endOfGeneration] {
      words.append(UInt32(truncatingIfNeeded: list.count))
      words += list
    }
    words.append(UInt32(truncatingIfNeeded: preTokenization.count))
    for step in preTokenization { words += step.serialized }
    return words
  }

  /// Deserializes rules; nil where they are invalid or refer to a token beyond `count`.
  init?(serialized words: UnsafeBufferPointer<UInt32>, count: Int) {
    var reader = RuleReader(words: words)
    guard let alphabet = reader.next().flatMap({ Alphabet(rawValue: UInt8(truncatingIfNeeded: $0)) }),
      let flags = reader.next(), let segmentation = Segmentation(rawValue: flags >> 4),
      let stepCount = reader.next()
    else { return nil }
    self.alphabet = alphabet
    self.segmentation = segmentation
    isOrdered = flags & 1 != 0
    fusesUnknown = flags & 2 != 0
    stripsLeadingSpace = flags & 4 != 0
    func token(_ word: UInt32?) -> UInt32?? {
      guard let word else { return nil }
      return word == VocabularyLayout.none ? .some(nil) : word < count ? .some(word) : nil
    }
    guard let bos = token(reader.next()), let eos = token(reader.next()),
      let unknown = token(reader.next()), let padding = token(reader.next()),
      let normalization = reader.list(), let prefix = reader.list(), let suffix = reader.list(),
      let endOfGeneration = reader.list(), let steps = reader.next(),
      (prefix + suffix + endOfGeneration).allSatisfy({ $0 < count })
    else { return nil }
    self.bos = bos
    self.eos = eos
    self.unknown = unknown
    self.padding = padding
    self.prefix = prefix
    self.suffix = suffix
    self.endOfGeneration = endOfGeneration
    for word in normalization {
      guard let step = Normalization(rawValue: word) else { return nil }
      self.normalization.append(step)
    }
    guard stepCount <= self.normalization.count else { return nil }
    normalizerStepCount = Int(stepCount)
    for _ in 0..<steps {
      guard let step = PreTokenization(&reader) else { return nil }
      preTokenization.append(step)
    }
  }
}

/// Reads serialized values one by one.
struct RuleReader {
  let words: UnsafeBufferPointer<UInt32>
  private var position = 0

  init(words: UnsafeBufferPointer<UInt32>) { self.words = words }

  mutating func next() -> UInt32? {
    guard position < words.count else { return nil }
    defer { position += 1 }
    return words[position]
  }

  /// An array, stored as its count and its elements.
  mutating func list() -> [UInt32]? {
    guard let count = next(), count <= words.count - position else { return nil }
    defer { position += Int(count) }
    return Array(words[position..<position + Int(count)])
  }
}
