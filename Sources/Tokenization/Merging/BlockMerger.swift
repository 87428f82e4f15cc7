/// Encodes a piece block by block, in time linear in its length.
///
/// A token sequence in which every two neighbours are compatible (`TokenNeighbours`) is the encoding of its
/// text, and that encoding is unique. So each block is merged alone; if its first token is compatible with
/// the last token before it, the concatenation is the encoding of both. Otherwise the last tokens depend on
/// text that follows them: they are removed and merged again together with the block, twice as many bytes at
/// each attempt. How many bytes have to be merged again depends on the vocabulary, not on the length of the
/// text.
struct BlockMerger: ~Copyable {
  /// The symbols that merging starts with: the tokens of bytes or of characters.
  private var row = UnsafeMutablePointer<UInt32>.allocate(capacity: ScanMerger.longestRow)
  private var capacity = ScanMerger.longestRow
  private let scan = ScanMerger()
  private var ranked = RankedMerger()

  /// The bytes of a block. `ScanMerger` is quadratic in this, and each block border costs one compatibility
  /// check.
  private static let width = 64
  /// Positions have 31 bits; a piece longer than 1 GB is split.
  private static let widest = 1 << 30
  /// The number of tokens at the end of a block that are merged again with the next block: these change most
  /// often.
  private static let ending = 2

  init() {}

  deinit { row.deallocate() }

  /// Encodes `text[start..<limit]` and appends the tokens to `output`.
  /// - Parameter usesRankedMerger: whether to merge the whole piece with `RankedMerger`, whatever its length.
  mutating func encode(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int, _ tables: MergeTables,
    _ output: inout TokenBuffer, usesRankedMerger: Bool = false
  ) {
    let isCut = !usesRankedMerger && limit &- start > Self.width && tables.canCut(text, start, limit)
    let width = isCut ? Self.width : Self.widest
    let pieceBase = output.count
    // The tokens from `base` on are the encoding of the text from `basePosition` to `position`.
    var (base, basePosition, position) = (pieceBase, start, start)
    var target = min(start &+ width, limit)
    var back = Self.width / 4
    while position < limit {
      let first = output.count
      let block = split(text, position, target, limit, tables)
      if usesRankedMerger || block.count > ScanMerger.longestRow {
        ranked.merge(row, block.count, tables, &output)
      } else {
        scan.merge(row, block.count, text: block.isPlain ? text + position : nil, tables, &output)
      }
      if isCut, first > base, output.count > first,
        !tables.neighbours.areCompatible(output.tokens[first &- 1], output.tokens[first])
      {
        // The next block is longer by the bytes that are merged again, so that the total work stays linear.
        target = min(target &+ (target &- position), limit)
        output.count = first
        position = Self.removeLast(
          bytes: back, tokens: 1, from: position, basePosition, base, tables, &output)
        back &*= 2
        continue
      }
      back = Self.width / 4
      position = block.end
      if position < target {
        // A character without a token: nothing merges with it.
        let next = min(position &+ tables.characterLength(text[position]), limit)
        tables.appendUnknown(
          UnsafeBufferPointer(start: text + position, count: next &- position), to: &output, from: pieceBase)
        (base, basePosition, position) = (output.count, next, next)
      }
      target = min(position &+ width, limit)
      if isCut, position > basePosition, position < limit, output.count &- first > Self.ending {
        position = Self.removeLast(
          bytes: 0, tokens: Self.ending, from: position, basePosition, base, tables, &output)
      }
    }
  }

  /// Releases the memory that a very long piece needed.
  mutating func trim() {
    ranked = RankedMerger()
    reserve(ScanMerger.longestRow, trims: true)
  }

  /// Removes the last tokens above `base`: at least `tokens` of them, with at least `bytes` bytes in total.
  /// - Returns: the text offset from which to encode again.
  private static func removeLast(
    bytes: Int, tokens: Int, from end: Int, _ basePosition: Int, _ base: Int, _ tables: MergeTables,
    _ output: inout TokenBuffer
  ) -> Int {
    var position = end
    let fewest = output.count &- tokens
    while output.count > base, output.count > fewest || position > end &- bytes {
      output.count &-= 1
      position &-= tables.length(output.tokens[output.count])
    }
    // Wrong lengths in a damaged table must not give an offset outside the text.
    return output.count > base ? max(position, basePosition) : basePosition
  }

  /// Fills `row` with the initial symbols of `text[start..<target]`, up to a whole character. Stops before a
  /// character that has no token.
  /// - Returns: `isPlain` is true where `row` holds one token for every byte.
  private mutating func split(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ target: Int, _ limit: Int, _ tables: MergeTables
  ) -> (count: Int, end: Int, isPlain: Bool) {
    reserve(target &- start)
    var count = 0
    var position = start
    if tables.alphabet == .bytes {
      while position < target {
        let id = tables.byteTokens[Int(text[position])]
        if id != VocabularyLayout.none {
          row[count] = id
          count &+= 1
        } else if tables.unknown != VocabularyLayout.none {
          break
        }
        // A byte without a token is dropped when there is no unknown token; its neighbours may then merge.
        position &+= 1
      }
      return (count, position, count == position &- start)
    }
    while position < target {
      let length = min(tables.characterLength(text[position]), limit &- position)
      let id = tables.pieces.find(text + position, length, starts: tables.starts, bytes: tables.bytes)
      if id == VocabularyLayout.none { break }
      row[count] = id
      count &+= 1
      position &+= length
    }
    return (count, position, false)
  }

  private mutating func reserve(_ count: Int, trims: Bool = false) {
    guard count > capacity || trims else { return }
    row.deallocate()
    row = .allocate(capacity: count)
    capacity = count
  }
}
