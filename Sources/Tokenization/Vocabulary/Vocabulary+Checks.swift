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

  func array<Element>(
    _ section: VocabularySection, of: Element.Type = Element.self
  ) -> UnsafeBufferPointer<Element> {
    UnsafeBufferPointer(
      start: pointer(section), count: ranges[section.rawValue].count / MemoryLayout<Element>.stride)
  }

  /// Whether the tables can be followed blindly: every number leads to something, every table to look up has
  /// an empty slot, and every chain gets shorter. Linear, about a millisecond for 200,000 tokens.
  func areSound() -> Bool {
    let starts: UnsafeBufferPointer<UInt32> = array(.starts)
    let bytes: UnsafeBufferPointer<UInt8> = array(.bytes)
    guard tokenCount <= VocabularyLayout.maximumTokens, starts.count == tokenCount + 1,
      ranges[VocabularySection.traits.rawValue].count == tokenCount,
      ranges[VocabularySection.byteTokens.rawValue].count == 256 * 4,
      starts[0] == 0, Int(starts[tokenCount]) <= bytes.count
    else { return false }
    var ascends = true
    for index in 0..<tokenCount where starts[index] > starts[index + 1] { ascends = false }
    guard ascends, chainsShorten(starts) else { return false }

    let merged: UnsafeBufferPointer<UInt32> = array(.merged)
    guard merged.count <= VocabularyLayout.maximumMerges, numbersTokens(merged, orNone: false),
      numbersTokens(array(.byteTokens), orNone: true)
    else { return false }
    return tableNumbersTokens(array(.pieces)) && tableNumbersTokens(array(.names))
      && pairsNumberMerges(merged.count)
      && isTree(edges: array(.edges), nodes: array(.nodes), starts)
      && isTree(edges: array(.addedEdges), nodes: array(.addedNodes), starts)
  }

  /// Parts and shorter tokens must be shorter, so that following them ends.
  private func chainsShorten(_ starts: UnsafeBufferPointer<UInt32>) -> Bool {
    let tokens: UnsafeBufferPointer<TokenEntry> = array(.tokens)
    let none = VocabularyLayout.none
    var isSound = true
    for index in 0..<tokenCount {
      let entry = tokens[index]
      let length = starts[index + 1] - starts[index]
      func isShorter(_ part: UInt32) -> Bool {
        guard part != none else { return true }
        guard part < tokenCount else { return false }
        let partLength = starts[Int(part) + 1] - starts[Int(part)]
        return partLength < length && partLength > 0
      }
      if !isShorter(entry.left) || !isShorter(entry.right) || !isShorter(entry.shorter) { isSound = false }
      // Only tokens with parts have an order, and both parts or none are there.
      if (entry.order == 0) != (entry.left == none) || (entry.left == none) != (entry.right == none) {
        isSound = false
      }
    }
    return isSound
  }

  private func numbersTokens(_ numbers: UnsafeBufferPointer<UInt32>, orNone: Bool) -> Bool {
    var isSound = true
    for number in numbers where number >= tokenCount && !(orNone && number == VocabularyLayout.none) {
      isSound = false
    }
    return isSound
  }

  private func tableNumbersTokens(_ slots: UnsafeBufferPointer<UInt32>) -> Bool {
    var (isSound, empty) = (true, 0)
    for slot in slots {
      if slot == VocabularyLayout.none {
        empty += 1
      } else if slot & UInt32(VocabularyLayout.maximumTokens) >= tokenCount {
        isSound = false
      }
    }
    return isSound && empty > 0 && Self.isTableSize(slots.count)
  }

  private func pairsNumberMerges(_ mergeCount: Int) -> Bool {
    let slots: UnsafeBufferPointer<UInt64> = array(.pairs)
    var (isSound, empty) = (true, 0)
    for slot in slots {
      if slot == UInt64.max {
        empty += 1
      } else if slot & UInt64(VocabularyLayout.maximumMerges) >= mergeCount {
        isSound = false
      }
    }
    return isSound && empty > 0 && Self.isTableSize(slots.count)
  }

  /// Edges must lead to nodes that are there, and tokens in the tree must have a byte or more.
  private func isTree(
    edges: UnsafeBufferPointer<UInt64>, nodes: UnsafeBufferPointer<UInt32>,
    _ starts: UnsafeBufferPointer<UInt32>
  ) -> Bool {
    guard nodes.count > 0, Self.isTableSize(edges.count) else { return false }
    var (isSound, empty) = (true, 0)
    let nodeCount = tokenCount + nodes.count
    for edge in edges {
      let child = Int(edge & 0xFFFF_FFFF)
      if edge == TokenTree.empty {
        empty += 1
      } else if child >= nodeCount || (child < tokenCount && starts[child] == starts[child + 1]) {
        isSound = false
      }
    }
    for node in nodes where node != VocabularyLayout.none {
      guard node < tokenCount else { return false }
      if starts[Int(node)] == starts[Int(node) + 1] { isSound = false }
    }
    return isSound && empty > 0
  }

  private static func isTableSize(_ count: Int) -> Bool { count >= 2 && count & (count - 1) == 0 }
}
