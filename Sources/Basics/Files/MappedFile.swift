#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A regular file mapped into memory for reading. Opening reads no content; pages come from the page cache on first
/// access and are shared with all processes that map the file.
///
/// The file must not be truncated while it is mapped: an access beyond the new end raises SIGBUS, which ends the program.
/// Therefore only model files are mapped, which are too large to copy, and compiled vocabularies, because a copy would
/// take longer than the rest of their loading. Saved prompt caches are read with `FileReader`.
public final class MappedFile: Sendable {
  /// The path of the file, as given.
  public let path: String
  /// The whole file, page-aligned; valid during the lifetime of this object and of all slices.
  public var bytes: Bytes { Bytes(mapping, owner: self) }
  /// The size of the file in bytes.
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
      // Pages that are not in the page cache yet are then loaded as 2 MiB pages and stay so: mapping 12 GB of them takes
      // about 20 ms instead of 300 ms for small pages at every start, and later accesses are faster.
      madvise(address, count, Self.hugePages)
    #endif
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count)
  }

  /// The bytes `range` of the file; nil if the range extends beyond the end.
  public func slice(_ range: Range<Int>) -> Bytes? {
    guard range.lowerBound >= 0, range.upperBound <= count else { return nil }
    return Bytes(UnsafeRawBufferPointer(rebasing: mapping[range]), owner: self)
  }

  /// The expected access pattern (`madvise`).
  public enum Advice: Sendable, CaseIterable {
    /// No particular pattern.
    case normal
    /// Sequential access: the kernel reads ahead further.
    case sequential
    /// Random access: the kernel does not read ahead.
    case random
    /// Access is expected soon: the kernel starts to read in the background.
    case willNeed
    /// Reads and maps all pages before returning, which avoids later page faults. Requires Linux 5.14; elsewhere the
    /// same as `willNeed`.
    case populate
    /// No access is expected soon: the pages are released, and loaded from the file again on the next access.
    case dontNeed
  }

  /// Advises the kernel about the bytes `range` (all if nil), extended to whole pages. A failure affects only the speed,
  /// so it is not reported.
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
    /// MADV_HUGEPAGE. It has no effect on file systems and kernels without large folios.
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
