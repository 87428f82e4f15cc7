/// The sections of an image whose header and table of sections are right.
struct VocabularySections {
  private let image: VocabularyImage
  private let ranges: [Range<Int>]
  let tokenCount: Int

  /// Checks the header, the checksum and that every section lies within the image.
  init?(_ image: VocabularyImage) {
    let all = VocabularySection.allCases
    let tableEnd = VocabularyLayout.headerBytes + all.count * 16
    guard image.bytes.count >= tableEnd,
      image.headerWord(VocabularyLayout.magicWord) == VocabularyLayout.magic,
      image.headerWord(VocabularyLayout.versionWord) == VocabularyLayout.version,
      image.headerWord(VocabularyLayout.lengthWord) == UInt64(image.bytes.count),
      image.headerWord(VocabularyLayout.checksumWord)
        == ContentKey.checksum(UnsafeRawBufferPointer(rebasing: image.bytes[VocabularyLayout.headerBytes...]))
    else { return nil }
    var ranges: [Range<Int>] = []
    for section in all {
      let place = VocabularyLayout.headerBytes + section.rawValue * 16
      guard
        let start = Int(exactly: image.bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)),
        let count = Int(exactly: image.bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self)),
        start % VocabularyLayout.alignment == 0, start >= tableEnd, start <= image.bytes.count,
        count <= (image.bytes.count - start) / section.stride
      else { return nil }
      ranges.append(start..<start + count * section.stride)
    }
    self.image = image
    self.ranges = ranges
    tokenCount = ranges[VocabularySection.tokens.rawValue].count / VocabularySection.tokens.stride
  }

  /// The start of a section; of an empty one at least a place that may be pointed at.
  func pointer<Element>(_ section: VocabularySection) -> UnsafePointer<Element> {
    let bytes = image.bytes
    // The image is never empty, and all sections start within it, on multiples of 64 bytes.
    let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
    return (base + ranges[section.rawValue].lowerBound).assumingMemoryBound(to: Element.self)
  }

  /// How many elements a section has.
  func count(_ section: VocabularySection) -> Int { ranges[section.rawValue].count / section.stride }

  func array<Element>(
    _ section: VocabularySection, of: Element.Type = Element.self
  ) -> UnsafeBufferPointer<Element> {
    UnsafeBufferPointer(start: pointer(section), count: count(section))
  }

  /// Whether the tables can be used without reading beyond them: their sizes fit each other, the tokens'
  /// bytes lie within theirs, and every search ends at an empty slot. What a table's numbers lead to is
  /// checked where it is followed (the table itself may lie), which costs less than looking at all of it here.
  func areSound() -> Bool {
    let starts: UnsafeBufferPointer<UInt32> = array(.starts)
    guard tokenCount <= VocabularyLayout.maximumTokens, starts.count == tokenCount + 1,
      count(.traits) == tokenCount, count(.byteTokens) == 256, starts[0] == 0,
      Int(starts[tokenCount]) <= count(.bytes), count(.bytePairs) == 1 << 16,
      isTable(.pieces, PieceTable.empty), isTable(.names, PieceTable.empty),
      isTable(.pairs, PairTable.empty), count(.pairs) % PairTable.bucket == 0,
      isTable(.addedEdges, TokenTree.empty)
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
