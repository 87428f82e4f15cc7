import Checkpoints
import Compute

/// The memory of a compiled vocabulary: a block made by `VocabularyCompiler`, or a mapped cache file. Never
/// changes, and lies where it is for as long as the object lives.
final class VocabularyImage: @unchecked Sendable {
  // Unchecked, because the compiler cannot know that nothing writes through the pointer after `init`.
  let bytes: UnsafeRawBufferPointer
  /// Keeps the memory alive.
  private let owner: AnyObject

  /// A block of zeros, filled by `fill`.
  init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let count = max(byteCount, VocabularyLayout.headerBytes)
    let memory = OwnedMemory(count: count)
    let block = UnsafeMutableRawBufferPointer(start: memory.pointer, count: count)
    block.initializeMemory(as: UInt8.self, repeating: 0)
    fill(block)
    (bytes, owner) = (UnsafeRawBufferPointer(block), memory)
  }

  /// Maps a file; nil where there is none that can be read. The content is yet to be checked.
  init?(mapping path: String) {
    guard let file = try? MappedFile(path), file.count >= VocabularyLayout.headerBytes else { return nil }
    // The checksum reads all of it anyway; a fault for each page takes five times as long.
    file.advise(.populate)
    (bytes, owner) = (file.bytes.pointer, file)
  }

  /// A word of the header.
  func headerWord(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }

  /// What the sources were that this was compiled from.
  var key: ContentKey {
    ContentKey(
      low: headerWord(VocabularyLayout.keyWord), high: headerWord(VocabularyLayout.keyWord + 1))
  }
}
