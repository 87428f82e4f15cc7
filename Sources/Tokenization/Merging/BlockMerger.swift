/// Encodes a piece block by block, in time linear in its length.
///
/// A row of tokens in which every two neighbours can stand side by side (`TokenNeighbours`) is the encoding of
/// its text, and the only one. So a block is merged by itself, and if its first token can stand beside the
/// last one before it, the two rows are one encoding. If not, what stands before was made without seeing
/// enough of what follows: the row's end is taken back and merged with the block, each time twice as much.
/// How far back a text can reach depends on the vocabulary and not on the text's length.
struct BlockMerger: ~Copyable {
  /// What a row of tokens merges from: bytes, or characters.
  private var row = UnsafeMutablePointer<UInt32>.allocate(capacity: ScanMerger.longestRow)
  private var capacity = ScanMerger.longestRow
  private let scan = ScanMerger()
  private var ranked = RankedMerger()

  /// The bytes that a block adds. Scanning takes the square of it, and every cut costs a look at neighbours.
  private static let width = 64
  /// Rows are numbered with 31 bits; a longer piece, of 1 GB, is cut.
  private static let widest = 1 << 30
  /// The tokens at the end of a block that are merged again with the next one, for these change the most.
  private static let ending = 2

  init() {}

  deinit { row.deallocate() }

  /// Encodes `text[start..<limit]` and adds the tokens to `output`.
  /// - Parameter isRanked: whether to merge it as one and by `RankedMerger`, whatever its length.
  mutating func encode(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int, _ tables: MergeTables,
    _ output: inout TokenBuffer, isRanked: Bool = false
  ) {
    let isCut = !isRanked && limit &- start > Self.width && tables.canCut(text, start, limit)
    let width = isCut ? Self.width : Self.widest
    let pieceBase = output.count
    // The tokens from `base` on are one encoding, of the text from `basePlace` to `place`.
    var (base, basePlace, place) = (pieceBase, start, start)
    var target = min(start &+ width, limit)
    var back = Self.width / 4
    while place < limit {
      let first = output.count
      let block = split(text, place, target, limit, tables)
      if isRanked || block.count > ScanMerger.longestRow {
        ranked.merge(row, block.count, tables, &output)
      } else {
        scan.merge(row, block.count, text: block.isPlain ? text + place : nil, tables, &output)
      }
      if isCut, first > base, output.count > first,
        !tables.neighbours.canStand(output.tokens[first &- 1], output.tokens[first])
      {
        // The next block ends farther beyond by as much as is done again, so that the work stays linear.
        target = min(target &+ (target &- place), limit)
        output.count = first
        place = Self.takeBack(bytes: back, tokens: 1, from: place, basePlace, base, tables, &output)
        back &*= 2
        continue
      }
      back = Self.width / 4
      place = block.end
      if place < target {
        // A character that is no token: nothing merges with it.
        let next = min(place &+ tables.characterLength(text[place]), limit)
        tables.appendUnknown(
          UnsafeBufferPointer(start: text + place, count: next &- place), to: &output, from: pieceBase)
        (base, basePlace, place) = (output.count, next, next)
      }
      target = min(place &+ width, limit)
      if isCut, place > basePlace, place < limit, output.count &- first > Self.ending {
        place = Self.takeBack(bytes: 0, tokens: Self.ending, from: place, basePlace, base, tables, &output)
      }
    }
  }

  /// Gives back the memory that a very long piece took.
  mutating func trim() {
    ranked = RankedMerger()
    reserve(ScanMerger.longestRow, trims: true)
  }

  /// Takes back the last tokens above `base`, until they are so many or more, of so many bytes or more.
  /// - Returns: where the text goes on then.
  private static func takeBack(
    bytes: Int, tokens: Int, from end: Int, _ basePlace: Int, _ base: Int, _ tables: MergeTables,
    _ output: inout TokenBuffer
  ) -> Int {
    var place = end
    let fewest = output.count &- tokens
    while output.count > base, output.count > fewest || place > end &- bytes {
      output.count &-= 1
      place &-= tables.length(output.tokens[output.count])
    }
    // Tables that lie about lengths must not lead out of the text.
    return output.count > base ? max(place, basePlace) : basePlace
  }

  /// Fills `row` with what merging starts from in `text[start..<target]`, and the rest of the last character. Ends
  /// before a character that is no token.
  /// - Returns: `isPlain` where the row has every byte of the text.
  private mutating func split(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ target: Int, _ limit: Int, _ tables: MergeTables
  ) -> (count: Int, end: Int, isPlain: Bool) {
    reserve(target &- start)
    var count = 0
    var place = start
    if tables.alphabet == .bytes {
      while place < target {
        let id = tables.byteTokens[Int(text[place])]
        if id != VocabularyLayout.none {
          row[count] = id
          count &+= 1
        } else if tables.unknown != VocabularyLayout.none {
          break
        }
        // A byte that cannot be written at all is left out, so that its neighbours meet.
        place &+= 1
      }
      return (count, place, count == place &- start)
    }
    while place < target {
      let length = min(tables.characterLength(text[place]), limit &- place)
      let id = tables.pieces.find(text + place, length, starts: tables.starts, bytes: tables.bytes)
      if id == VocabularyLayout.none { break }
      row[count] = id
      count &+= 1
      place &+= length
    }
    return (count, place, false)
  }

  private mutating func reserve(_ count: Int, trims: Bool = false) {
    guard count > capacity || trims else { return }
    row.deallocate()
    row = .allocate(capacity: count)
    capacity = count
  }
}
