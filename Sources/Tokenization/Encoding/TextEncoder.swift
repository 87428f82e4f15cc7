/// Encodes text into tokens and reuses its buffers between calls. Not thread-safe.
struct TextEncoder: ~Copyable {
  private(set) var output = TokenBuffer()
  private let cache = PieceCache()
  private var merger = BlockMerger()

  init() {}

  /// Starts a new token sequence.
  mutating func clear() { output.count = 0 }

  /// Releases the memory that a very long text needed.
  mutating func trim() {
    guard output.capacity > 1 << 18 else { return }
    output = TokenBuffer()
    merger.trim()
  }

  /// Appends one token.
  mutating func append(_ token: UInt32) {
    output.reserve(1)
    output.append(token)
  }

  /// Appends the tokens of plain text, which must be valid UTF-8.
  /// - Parameter isFirst: whether this is the start of the whole text.
  mutating func append(_ text: UnsafeBufferPointer<UInt8>, _ vocabulary: Vocabulary, isFirst: Bool) {
    let rules = vocabulary.rules
    if !rules.normalization.isEmpty,
      let changed = TextNormalizer(
        steps: rules.normalization, map: vocabulary.characterMap
      ).apply(text, isFirst: isFirst)
    {
      changed.withUnsafeBufferPointer { appendPieces($0, vocabulary) }
    } else {
      appendPieces(text, vocabulary)
    }
  }

  /// Appends the tokens of text in which added tokens are matched after normalization, before the steps of the
  /// pre-tokenizer.
  /// - Parameter quoted: offsets into `text`, as for `AddedTokenFinder`.
  mutating func append(
    _ text: UnsafeBufferPointer<UInt8>, _ vocabulary: Vocabulary, isFirst: Bool, _ finder: AddedTokenFinder,
    parseSpecial: Bool, quoted: some Sequence<Int>
  ) {
    let steps = vocabulary.rules.normalization
    let count = vocabulary.rules.normalizerStepCount, map = vocabulary.characterMap
    let normalizer = TextNormalizer(steps: Array(steps.prefix(count)), map: map)
    let preparation = TextNormalizer(steps: Array(steps.dropFirst(count)), map: map)
    let normalized = normalizer.apply(text, isFirst: isFirst) ?? Array(text)
    // The byte at a quoted offset follows the normalized form of the text before it.
    let moved = quoted.map { normalizer.normalized(Array(text[..<$0]) + [UInt8(ascii: "x")]).count - 1 }
    normalized.withUnsafeBufferPointer { normalized in
      finder.forEachPart(normalized, parseSpecial: parseSpecial, quoted: moved) { stretch, token in
        if let token { return append(token) }
        let part = UnsafeBufferPointer(rebasing: normalized[stretch])
        if let changed = preparation.apply(part, isFirst: isFirst && stretch.lowerBound == 0) {
          changed.withUnsafeBufferPointer { appendPieces($0, vocabulary) }
        } else {
          appendPieces(part, vocabulary)
        }
      }
    }
  }

  private mutating func appendPieces(_ text: UnsafeBufferPointer<UInt8>, _ vocabulary: Vocabulary) {
    guard let base = text.baseAddress else { return }
    let tables = MergeTables(vocabulary)
    let steps = vocabulary.rules.preTokenization
    if vocabulary.rules.segmentation != .merges {
      let segmenter = TrieSegmenter(vocabulary, tables)
      return PreTokenizer(steps[...], text: base).forEachPiece(0, text.count) { start, end in
        segmenter.encode(base, start, end, &output)
      }
    }
    if steps.count == 1, case .words(let pattern) = steps[0] {
      // The common case is inlined: no closure call for each piece.
      let scanner = WordScanner(pattern, text: base)
      var position = 0
      while position < text.count {
        let end = scanner.end(from: position, limit: text.count)
        appendPiece(base, position, end, tables)
        position = end
      }
    } else {
      PreTokenizer(steps[...], text: base).forEachPiece(0, text.count) { start, end in
        appendPiece(base, start, end, tables)
      }
    }
  }

  @inline(__always)
  private mutating func appendPiece(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ tables: MergeTables
  ) {
    let count = end &- start
    guard count <= PieceCache.longestPiece else {
      let hash = PieceHash.of(text + start, count)
      appendNew(text, start, end, hash, tables)
      return
    }
    let ends = PieceHash.ends(text + start, count)
    let hash = PieceHash.of(ends, count)
    if cache.append(ends, count, hash, to: &output) { return }
    let base = output.count
    appendNew(text, start, end, hash, tables)
    cache.store(ends, count, hash, output, from: base)
  }

  /// Appends the tokens of a piece that is not cached.
  private mutating func appendNew(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ hash: UInt64, _ tables: MergeTables
  ) {
    let id = tables.pieces.find(
      text + start, end &- start, hash, starts: tables.starts, bytes: tables.bytes)
    if id != VocabularyLayout.none {
      output.reserve(1)
      output.append(id)
    } else {
      merger.encode(text, start, end, tables, &output)
    }
  }
}
