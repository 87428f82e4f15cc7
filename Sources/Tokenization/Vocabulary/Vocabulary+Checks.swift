import Basics

/// The sections of an image, whose header and section table are valid.
struct VocabularySections {
  private let image: VocabularyImage
  private let ranges: [Range<Int>]
  let tokenCount: Int

  /// Checks the header, the checksum, and that every section lies within the image.
  init?(_ image: VocabularyImage) {
    let all = VocabularySection.allCases
    let tableEnd = VocabularyLayout.headerBytes + all.count * 16
    guard image.bytes.count >= tableEnd,
      image.headerWord(VocabularyLayout.magicWord) == VocabularyLayout.magic,
      image.headerWord(VocabularyLayout.versionWord) == VocabularyLayout.version,
      image.headerWord(VocabularyLayout.lengthWord) == UInt64(image.bytes.count),
      image.headerWord(VocabularyLayout.checksumWord)
        == XXHash64.hash(UnsafeRawBufferPointer(rebasing: image.bytes[VocabularyLayout.headerBytes...]))
    else { return nil }
    var ranges: [Range<Int>] = []
    for section in all {
      let position = VocabularyLayout.headerBytes + section.rawValue * 16
      guard
        let start = Int(exactly: image.bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)),
        let count = Int(exactly: image.bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)),
        start % VocabularyLayout.alignment == 0, start >= tableEnd, start <= image.bytes.count,
        count <= (image.bytes.count - start) / section.stride
      else { return nil }
      ranges.append(start..<start + count * section.stride)
    }
    self.image = image
    self.ranges = ranges
    tokenCount = ranges[VocabularySection.tokens.rawValue].count / VocabularySection.tokens.stride
  }

  /// The start of a section; for an empty one still a valid address.
  func pointer<Element>(_ section: VocabularySection) -> UnsafePointer<Element> {
    let bytes = image.bytes
    // The image is never empty, and all sections start within it, at multiples of 64 bytes.
    let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
    return (base + ranges[section.rawValue].lowerBound).assumingMemoryBound(to: Element.self)
  }

  /// The number of elements of a section.
  func count(_ section: VocabularySection) -> Int { ranges[section.rawValue].count / section.stride }

  func array<Element>(
    _ section: VocabularySection, of: Element.Type = Element.self
  ) -> UnsafeBufferPointer<Element> {
    UnsafeBufferPointer(start: pointer(section), count: count(section))
  }

  /// Whether the tables can be used without reading out of bounds: their sizes are consistent, the tokens'
  /// bytes lie within their section, and every search ends at an empty slot. Ids and ranks found in the
  /// tables are checked where they are used, which costs less than checking all of them here.
  func areSound() -> Bool {
    let starts: UnsafeBufferPointer<UInt32> = array(.starts)
    guard tokenCount <= VocabularyLayout.maximumTokens, starts.count == tokenCount + 1,
      count(.traits) == tokenCount, count(.byteTokens) == 256, starts[0] == 0,
      Int(starts[tokenCount]) <= count(.bytes), count(.bytePairs) == 1 << 16,
      isTable(.pieces, PieceTable.empty), isTable(.names, PieceTable.empty),
      isTable(.pairs, PairTable.empty), count(.pairs) % PairTable.bucket == 0,
      isTable(.addedEdges, TokenTrie.empty), isTable(.normalizedEdges, TokenTrie.empty),
      isTable(.pieceEdges, TokenTrie.empty), count(.scores) == 0 || count(.scores) == tokenCount + 1
    else { return false }
    var ascends = true
    for index in 0..<tokenCount where starts[index] > starts[index + 1] { ascends = false }
    let byteTokens: UnsafeBufferPointer<UInt32> = array(.byteTokens)
    return ascends && byteTokens.allSatisfy { $0 < tokenCount || $0 == VocabularyLayout.none }
  }

  private func isTable<Slot: FixedWidthInteger>(_ section: VocabularySection, _ empty: Slot) -> Bool {
    let slots: UnsafeBufferPointer<Slot> = array(section)
    return slots.count >= ProbeTable.fewest && slots[slots.count - 1] == empty
  }
}
