#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A regular file mapped into memory for reading. Opening reads nothing; pages come from the page cache when
/// they are touched, and are shared with every other program that maps the file.
///
/// The file must not be shortened while it is mapped: touching pages beyond its end then ends the program. So only
/// models are mapped, which are too large to be copied, and compiled vocabularies, since a copy of one would cost more
/// than all else that makes it ready; saved prompt caches go through `FileReader`.
public final class MappedFile: Sendable {
  /// The path it was opened by.
  public let path: String
  /// The whole file, at a page boundary; valid as long as this object or any slice of it lives.
  public var bytes: Bytes { Bytes(mapping, owner: self) }
  /// The file's size in bytes.
  public var count: Int { mapping.count }

  private nonisolated(unsafe) let mapping: UnsafeRawBufferPointer

  /// Maps a file.
  /// - Throws: `notFound`, `unreadable`, or `truncated` for an empty file.
  public init(_ path: String) throws(FileError) {
    self.path = path
    let (descriptor, count) = try openRegularFile(path)
    defer { close(descriptor) }
    guard count > 0 else { throw FileError(.truncated, file: path, "the file is empty") }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED
    else { throw .system(errno, path) }
    mapping = UnsafeRawBufferPointer(start: address, count: count)
    #if !canImport(Darwin)
      // What the page cache does not hold yet comes as pages of 2 MiB then, and stays so: 12 GB of them are entered
      // in some 20 ms where small pages take 300 ms at every start, and are read faster ever after.
      madvise(address, count, Self.hugePages)
    #endif
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count)
  }

  /// Bytes `range` of the file; nil where it goes beyond its end.
  public func slice(_ range: Range<Int>) -> Bytes? {
    guard range.lowerBound >= 0, range.upperBound <= count else { return nil }
    return Bytes(UnsafeRawBufferPointer(rebasing: mapping[range]), owner: self)
  }

  /// What will be done with pages, for the kernel's benefit.
  public enum Advice: Sendable, CaseIterable {
    /// Nothing in particular.
    case normal
    /// Once from front to back: read far ahead.
    case sequential
    /// Here and there: do not read ahead.
    case random
    /// Soon: start reading now, in the background.
    case willNeed
    /// Now: read and enter all pages before returning, so that no page fault comes later. Linux 5.14;
    /// elsewhere as `willNeed`.
    case populate
    /// Not soon: give the pages back. They come again from the file when touched.
    case dontNeed
  }

  /// Gives `advice` about bytes `range` (all when nil), widened to whole pages. Advice only: failures
  /// change nothing but speed, so they are not reported.
  public func advise(_ advice: Advice, _ range: Range<Int>? = nil) {
    let range = (range ?? 0..<count).clamped(to: 0..<count)
    guard !range.isEmpty, let base = mapping.baseAddress else { return }
    let page = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
    let start = range.lowerBound / page * page
    let address = UnsafeMutableRawPointer(mutating: base + start)
    let length = range.upperBound - start
    if advice == .populate, madvise(address, length, Self.populateRead) == 0 { return }
    madvise(address, length, advice.code)
  }

  #if !canImport(Darwin)
    /// MADV_HUGEPAGE. Without effect on file systems and kernels that have no large folios.
    private static let hugePages: Int32 = 14
  #endif

  /// MADV_POPULATE_READ, absent from older headers.
  #if canImport(Darwin)
    private static let populateRead = Int32(MADV_WILLNEED)
  #else
    private static let populateRead: Int32 = 22
  #endif
}

extension MappedFile.Advice {
  fileprivate var code: Int32 {
    switch self {
    case .normal: Int32(MADV_NORMAL)
    case .sequential: Int32(MADV_SEQUENTIAL)
    case .random: Int32(MADV_RANDOM)
    case .willNeed, .populate: Int32(MADV_WILLNEED)
    case .dontNeed: Int32(MADV_DONTNEED)
    }
  }
}
