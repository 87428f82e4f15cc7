import Basics

/// The memory of a compiled vocabulary: a block made by `VocabularyCompiler`, or a mapped cache file. It is
/// immutable and its address does not change.
final class VocabularyImage: @unchecked Sendable {
  // Unchecked because the compiler cannot verify that nothing writes through the pointer after `init`.
  let bytes: UnsafeRawBufferPointer
  /// Keeps the memory alive.
  private let owner: AnyObject

  /// A block of zeros, initialized by `fill`.
  init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let count = max(byteCount, VocabularyLayout.headerBytes)
    let memory = OwnedMemory(count: count)
    let block = UnsafeMutableRawBufferPointer(start: memory.pointer, count: count)
    block.initializeMemory(as: UInt8.self, repeating: 0)
    fill(block)
    (bytes, owner) = (UnsafeRawBufferPointer(block), memory)
  }

  /// Maps a file; nil if it cannot be read. The content is not checked yet.
  init?(mapping path: String) {
    guard let file = try? MappedFile(path), file.count >= VocabularyLayout.headerBytes else { return nil }
    // The checksum reads all of it anyway; page faults one by one would take five times as long.
    file.advise(.populate)
    (bytes, owner) = (file.bytes.pointer, file)
  }

  /// A 64-bit word of the header.
  func headerWord(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }

  /// The hash of the sources that this was compiled from.
  var key: ContentKey {
    ContentKey(
      hash: headerWord(VocabularyLayout.keyWord), byteCount: headerWord(VocabularyLayout.keyWord + 1))
  }
}
