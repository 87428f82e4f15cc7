/// Turns text into tokens, with memory that is used again from call to call. Not shared between threads.
struct TextEncoder: ~Copyable {
  private(set) var output = TokenBuffer()
  private let memory = PieceMemory()
  private var merger = BlockMerger()

  init() {}

  /// Starts a new row of tokens.
  mutating func clear() { output.count = 0 }

  /// Gives back the memory that a very long text took.
  mutating func trim() {
    guard output.capacity > 1 << 18 else { return }
    output = TokenBuffer()
    merger.trim()
  }

  /// Adds one token.
  mutating func append(_ token: UInt32) {
    output.reserve(1)
    output.append(token)
  }

  /// Adds the tokens of plain text, which must be valid UTF-8.
  /// - Parameter isFirst: whether this is the beginning of the whole text.
  mutating func append(_ text: UnsafeBufferPointer<UInt8>, _ vocabulary: Vocabulary, isFirst: Bool) {
    let rules = vocabulary.rules
    if !rules.normalization.isEmpty,
      let changed = TextNormalizer(steps: rules.normalization).apply(text, isFirst: isFirst)
    {
      changed.withUnsafeBufferPointer { appendPieces($0, vocabulary) }
    } else {
      appendPieces(text, vocabulary)
    }
  }

  private mutating func appendPieces(_ text: UnsafeBufferPointer<UInt8>, _ vocabulary: Vocabulary) {
    guard let base = text.baseAddress else { return }
    let tables = MergeTables(vocabulary)
    let steps = vocabulary.rules.preTokenization
    if steps.count == 1, case .words(let pattern) = steps[0] {
      // The usual case, without a call for each piece.
      let scanner = WordScanner(pattern, text: base)
      var place = 0
      while place < text.count {
        let end = scanner.end(from: place, limit: text.count)
        appendPiece(base, place, end, tables)
        place = end
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
    guard count <= PieceMemory.longestPiece else {
      let hash = PieceHash.of(text + start, count)
      appendNew(text, start, end, hash, tables)
      return
    }
    let ends = PieceHash.ends(text + start, count)
    let hash = PieceHash.of(ends, count)
    if memory.append(ends, count, hash, to: &output) { return }
    let base = output.count
    appendNew(text, start, end, hash, tables)
    memory.remember(ends, count, hash, output, from: base)
  }

  /// Adds the tokens of a piece that is not remembered.
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
