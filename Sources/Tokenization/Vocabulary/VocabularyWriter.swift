import Basics

/// Writes the sections of a compiled vocabulary into one block.
struct VocabularyWriter {
  private var sections: [(section: VocabularySection, count: Int, copy: (UnsafeMutableRawPointer) -> Void)] =
    []

  /// Adds a section. Each section must be added once, in any order.
  mutating func add<Element>(_ section: VocabularySection, _ elements: [Element]) {
    sections.append(
      (
        section, elements.count,
        { position in
          elements.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { position.copyMemory(from: base, byteCount: bytes.count) }
          }
        }
      ))
  }

  /// The block with header and checksum.
  func image(key: ContentKey) -> VocabularyImage {
    func aligned(_ length: Int) -> Int {
      (length + VocabularyLayout.alignment - 1) / VocabularyLayout.alignment * VocabularyLayout.alignment
    }
    var length = aligned(VocabularyLayout.headerBytes + VocabularySection.allCases.count * 16)
    var positions: [Int] = []
    for (section, count, _) in sections {
      positions.append(length)
      length = aligned(length + count * section.stride)
    }
    return VocabularyImage(byteCount: length) { block in
      guard let base = block.baseAddress else { return }
      func put(_ word: UInt64, at position: Int) {
        block.storeBytes(of: word, toByteOffset: position, as: UInt64.self)
      }
      for (index, entry) in sections.enumerated() {
        let table = VocabularyLayout.headerBytes + entry.section.rawValue * 16
        put(UInt64(positions[index]), at: table)
        put(UInt64(entry.count), at: table + 8)
        entry.copy(base + positions[index])
      }
      put(VocabularyLayout.magic, at: VocabularyLayout.magicWord * 8)
      put(VocabularyLayout.version, at: VocabularyLayout.versionWord * 8)
      put(UInt64(length), at: VocabularyLayout.lengthWord * 8)
      put(key.hash, at: VocabularyLayout.keyWord * 8)
      put(key.byteCount, at: VocabularyLayout.keyWord * 8 + 8)
      let content = UnsafeRawBufferPointer(
        rebasing: UnsafeRawBufferPointer(block)[VocabularyLayout.headerBytes...])
      put(XXHash64.hash(content), at: VocabularyLayout.checksumWord * 8)
    }
  }
}
