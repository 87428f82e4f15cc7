import CCUDA
import CKernels
import Compute

/// Keys and values of one attention layer on a device: a list of pages with the host's layout, and the number of positions.
///
/// A fork copies the list. A shared page is copied by the first sequence that writes to it. A cache with a window drops
/// pages that no query from `slack` positions before the end on can see.
final class CUDAKeyValueCache: KeyValueCache {
  let heads: Int
  let headSize: Int
  let window: Int?
  /// If given, a head's values are the first so many columns of its keys.
  let sharedValues: Int?
  let format: CacheFormat
  /// Known after the first append.
  var valueHeadSize: Int?
  var length = 0
  /// The first position held: a multiple of 64, above 0 only with a window.
  var origin = 0
  var pages: [CUDABuffer] = []
  /// The pages' addresses on the device; nil if the list has changed since.
  var table: CUDABuffer?
  let backend: CUDABackend

  /// Positions of a page.
  static let pagePositions = 64
  /// Positions kept beyond the window, so that an answer can be truncated.
  static let slack = 256

  init(
    _ backend: CUDABackend, heads: Int, headSize: Int, window: Int?, sharedValues: Int?, format: CacheFormat
  ) {
    self.backend = backend
    self.heads = heads
    self.headSize = headSize
    self.window = window
    self.sharedValues = sharedValues
    self.format = format
    valueHeadSize = sharedValues
  }

  var bytes: Int { pages.reduce(0) { $0 + $1.byteCount } }
  var keepsEveryPosition: Bool { window == nil }

  func expectedBytes(at length: Int) -> Int {
    // Before the first append, values are assumed to be as wide as keys.
    let size = pageBytes(valueHeadSize: valueHeadSize ?? headSize)
    let positions = min(length, window.map { $0 + Self.slack + Self.pagePositions } ?? length)
    return (positions + Self.pagePositions - 1) / Self.pagePositions * size
  }

  func forEachBlock(_ body: (any CacheBlock) -> Void) {
    for page in pages { body(page) }
  }

  func canTruncate(to length: Int) -> Bool {
    guard (0...self.length).contains(length) else { return false }
    // The query at `length` sees the window that ends with it.
    guard origin > 0, let window else { return true }
    return length - window + 1 >= origin
  }

  func truncate(to length: Int) {
    precondition(canTruncate(to: length), "a cache of \(self.length) positions cannot go back to \(length)")
    self.length = length
    let held = (length - origin + Self.pagePositions - 1) / Self.pagePositions
    // A table with more pages than are held is still right.
    pages.removeLast(pages.count - held)
  }

  func fork() -> any LayerCache {
    let copy = CUDAKeyValueCache(
      backend, heads: heads, headSize: headSize, window: window, sharedValues: sharedValues, format: format)
    copy.valueHeadSize = valueHeadSize
    copy.length = length
    copy.origin = origin
    copy.pages = pages
    copy.table = table
    return copy
  }

  /// The page layout for the kernels.
  func layout(valueHeadSize: Int) -> sotto_cuda_layout {
    sotto_cuda_layout(
      heads: Int32(heads), head_size: Int32(headSize), value_size: Int32(valueHeadSize),
      format: format == .float32 ? 0 : format == .float16 ? 1 : 2, shares_values: sharedValues == nil ? 0 : 1)
  }

  /// Bytes of a page, which are those of the host.
  func pageBytes(valueHeadSize: Int) -> Int {
    var layout = sotto_cache_layout(
      heads: heads, head_size: headSize, value_size: valueHeadSize,
      format: format == .float32
        ? SOTTO_CACHE_F32 : format == .float16 ? SOTTO_CACHE_F16 : SOTTO_CACHE_I8,
      shares_values: sharedValues == nil ? 0 : 1)
    return Int(sotto_page_bytes(&layout))
  }

  /// Makes room for `count` more positions, with pages of this sequence's own, and advances the length.
  func extend(by count: Int, valueHeadSize: Int) {
    precondition(self.valueHeadSize ?? valueHeadSize == valueHeadSize, "values of another size")
    self.valueHeadSize = valueHeadSize
    guard count > 0 else { return }
    let first = (length - origin) / Self.pagePositions
    let last = (length + count - 1 - origin) / Self.pagePositions
    let size = pageBytes(valueHeadSize: valueHeadSize)
    for index in first...last {
      if index == pages.count {
        pages.append(backend.zeros(bytes: size))
        table = nil
      } else if !isKnownUniquelyReferenced(&pages[index]) {
        pages[index] = backend.copy(of: pages[index])
        table = nil
      }
    }
    length += count
  }

  /// The address of the pages' addresses on the device.
  func pageTable() -> UInt64 {
    if let table { return table.address }
    let made = backend.copied(pages.map(\.address))
    if !backend.hasFailed { table = made }
    return made.address
  }

  /// Drops the pages that no later query can see.
  func dropUnseenPages() {
    guard let window else { return }
    let unseen = (length - window + 1 - Self.slack - origin) / Self.pagePositions
    guard unseen > 0 else { return }
    pages.removeFirst(unseen)
    table = nil
    origin += unseen * Self.pagePositions
  }
}

extension CUDABackend {
  /// A block of zeros.
  func zeros(bytes: Int) -> CUDABuffer {
    let buffer = take(bytes: bytes)
    enqueue { sotto_cuda_fill(context.handle, buffer.address, 0, bytes, stream.handle) }
    return buffer
  }

  /// A block with its own copy of another's content.
  func copy(of other: CUDABuffer) -> CUDABuffer {
    let buffer = take(bytes: other.byteCount)
    enqueue {
      sotto_cuda_copy(context.handle, buffer.address, other.address, other.byteCount, stream.handle)
    }
    return buffer
  }
}
