import Foundation

/// The memory of a compiled vocabulary: a block made by `VocabularyCompiler`, or a mapped cache file. Never
/// changes, and lies where it is for as long as the object lives.
final class VocabularyImage: @unchecked Sendable {
  // Unchecked, because the compiler cannot know that nothing writes through the pointer after `init`.
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// A block of zeros, filled by `fill`.
  init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let block = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(byteCount, VocabularyLayout.headerBytes), alignment: VocabularyLayout.alignment)
    block.initializeMemory(as: UInt8.self, repeating: 0)
    fill(block)
    bytes = UnsafeRawBufferPointer(block)
    isMapped = false
  }

  /// Maps a file; nil where there is none that can be read. The content is yet to be checked.
  init?(mapping path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let count = Int(exactly: status.st_size), count >= VocabularyLayout.headerBytes
    else { return nil }
    // Private, so that the bytes cannot be written from here. All pages are read anyway, by the checksum.
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE | Self.populate, descriptor, 0),
      base != MAP_FAILED
    else { return nil }
    bytes = UnsafeRawBufferPointer(start: base, count: count)
    isMapped = true
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }

  /// A word of the header.
  func headerWord(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }

  /// What the sources were that this was compiled from.
  var key: ContentKey {
    ContentKey(
      low: headerWord(VocabularyLayout.keyWord), high: headerWord(VocabularyLayout.keyWord + 1))
  }

  #if os(Linux)
    /// Maps all pages in one go: a fifth of the time that a fault for each of them takes.
    private static let populate = Int32(MAP_POPULATE)
  #else
    private static let populate: Int32 = 0
  #endif
}
