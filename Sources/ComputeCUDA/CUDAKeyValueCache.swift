import CCUDA
import CKernels
import Compute

/// Keys and values of one attention layer on a device: a list of pages with the host's layout, and the number of positions.
///
/// A fork copies the list. A shared page is copied by the first sequence that writes to it.
final class CUDAKeyValueCache: PagedKeyValueCache, CUDALayerCache {
  let heads: Int
  let headSize: Int
  let window: Int?
  let sharedValues: Int?
  let cacheFormat: CacheFormat
  var valueHeadSize: Int?
  var length = 0
  var origin = 0
  var pages: [CUDABuffer] = []
  /// The addresses of the pages from position 0 on, whether they are still held or not, on the device, with room for more;
  /// nil if the list has changed since. May be shared with forks.
  var table: CUDABuffer?
  let backend: CUDABackend

  init(
    _ backend: CUDABackend, heads: Int, headSize: Int, window: Int?, sharedValues: Int?, format: CacheFormat
  ) {
    self.backend = backend
    self.heads = heads
    self.headSize = headSize
    self.window = window
    self.sharedValues = sharedValues
    cacheFormat = format
    valueHeadSize = sharedValues
  }

  var bytes: Int { pages.reduce(0) { $0 + $1.byteCount } }
  var pageCount: Int { pages.count }

  func forEachBlock(_ body: (any CacheBlock) -> Void) {
    for page in pages { body(page) }
  }

  func truncate(to length: Int) {
    precondition(canTruncate(to: length), "a cache of \(self.length) positions cannot go back to \(length)")
    self.length = length
    let held = heldPages(at: length)
    // A table with more pages than are held is still right.
    pages.removeLast(pages.count - held)
  }

  func fork() -> any LayerCache {
    let copy = CUDAKeyValueCache(
      backend, heads: heads, headSize: headSize, window: window, sharedValues: sharedValues,
      format: cacheFormat)
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
      format: cacheFormat == .float32 ? 0 : cacheFormat == .float16 ? 1 : 2,
      shares_values: sharedValues == nil ? 0 : 1)
  }

  /// Bytes of a page, which are those of the host.
  func pageBytes(valueHeadSize: Int) -> Int {
    var layout = sotto_cache_layout(
      heads: heads, head_size: headSize, value_size: valueHeadSize,
      format: cacheFormat == .float32
        ? SOTTO_CACHE_F32 : cacheFormat == .float16 ? SOTTO_CACHE_F16 : SOTTO_CACHE_I8,
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
        if first == last { addToTable() } else { table = nil }
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
    let unseen = origin / Self.pagePositions, count = unseen + pages.count
    let made = backend.take(bytes: 8 * max(16, count + count / 2))
    let addresses = Array(repeating: 0, count: unseen) + pages.map(\.address)
    backend.copyIn(addresses, to: made.address)
    if !backend.hasFailed { table = made }
    return made.address
  }

  /// Adds the last page to the table, if there is room and no fork has it.
  private func addToTable() {
    guard let page = pages.last, isKnownUniquelyReferenced(&table), let table else {
      self.table = nil
      return
    }
    let index = origin / Self.pagePositions + pages.count - 1
    guard 8 * (index + 1) <= table.byteCount else {
      self.table = nil
      return
    }
    backend.copyIn([page.address], to: table.address + UInt64(8 * index))
  }

  func prepareStep() -> CUDAStep.Key? {
    guard let valueHeadSize, length > 0 else { return nil }
    extend(by: 1, valueHeadSize: valueHeadSize)
    length -= 1
    let seen = AttentionPlan.rounded(length / Self.pagePositions + 1)
    return CUDAStep.Key(first: pageTable(), second: UInt64(seen))
  }

  func advanceStep() {
    length += 1
    dropUnseenPages()
  }

  /// Drops the pages that no later query can see.
  func dropUnseenPages() {
    let unseen = unseenPages
    guard unseen > 0 else { return }
    pages.removeFirst(unseen)
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
