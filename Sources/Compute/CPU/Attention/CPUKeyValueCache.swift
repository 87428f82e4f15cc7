import CKernels

/// Keys and values of one attention layer on the CPU: a list of pages and the number of positions.
///
/// A fork copies the list. A shared page is copied by the first sequence that writes to it.
package final class CPUKeyValueCache: PagedKeyValueCache {
  package let heads: Int
  package let headSize: Int
  package let window: Int?
  package let sharedValues: Int?
  package let format: sotto_cache_format
  package internal(set) var valueHeadSize: Int?
  package internal(set) var length = 0
  package internal(set) var origin = 0
  var pages: [CopyOnWriteBlock] = []
  /// The pages' addresses, for the kernels.
  var pointers: [UnsafeMutableRawPointer?] = []

  init(heads: Int, headSize: Int, window: Int?, sharedValues: Int? = nil, format: sotto_cache_format) {
    precondition(heads > 0 && headSize > 0 && (window ?? 1) > 0, "\(heads) heads of \(headSize)")
    precondition(sharedValues.map { 1...headSize ~= $0 } ?? true, "values beyond the keys")
    self.sharedValues = sharedValues
    valueHeadSize = sharedValues
    self.heads = heads
    self.headSize = headSize
    self.window = window
    self.format = format
  }

  package var bytes: Int { pages.reduce(0) { $0 + $1.byteCount } }

  package var cacheFormat: CacheFormat { CacheFormat(format) }
  package var pageCount: Int { pages.count }

  package func pageBytes(valueHeadSize: Int) -> Int {
    var layout = layout(valueHeadSize: valueHeadSize)
    return sotto_page_bytes(&layout)
  }

  package func forEachBlock(_ body: (any CacheBlock) -> Void) {
    for page in pages { body(page) }
  }

  package func truncate(to length: Int) {
    precondition(canTruncate(to: length), "a cache of \(self.length) positions cannot go back to \(length)")
    self.length = length
    let held = heldPages(at: length)
    pages.removeLast(pages.count - held)
    pointers.removeLast(pointers.count - held)
  }

  package func fork() -> any LayerCache {
    let copy = CPUKeyValueCache(
      heads: heads, headSize: headSize, window: window, sharedValues: sharedValues, format: format)
    copy.valueHeadSize = valueHeadSize
    copy.length = length
    copy.origin = origin
    copy.pages = pages
    copy.pointers = pointers
    return copy
  }

  /// The page layout for the kernels.
  func layout(valueHeadSize: Int) -> sotto_cache_layout {
    sotto_cache_layout(
      heads: heads, head_size: headSize, value_size: valueHeadSize, format: format,
      shares_values: sharedValues == nil ? 0 : 1)
  }

  /// Appends `count` rows of keys and values.
  func append(
    key: sotto_rows, value: sotto_rows, count: Int, valueHeadSize: Int, pool: ThreadPool
  ) {
    precondition(self.valueHeadSize ?? valueHeadSize == valueHeadSize, "values of another size")
    self.valueHeadSize = valueHeadSize
    guard count > 0 else { return }
    var layout = layout(valueHeadSize: valueHeadSize)
    let first = (length - origin) / Self.pagePositions
    let last = (length + count - 1 - origin) / Self.pagePositions
    for index in first...last {
      if index == pages.count {
        pages.append(CopyOnWriteBlock(byteCount: sotto_page_bytes(&layout)))
        pointers.append(pages[index].pointer)
      } else if !pages[index].isWritable || !isKnownUniquelyReferenced(&pages[index]) {
        pages[index] = CopyOnWriteBlock(copying: pages[index])
        pointers[index] = pages[index].pointer
      }
    }
    pointers.withUnsafeBufferPointer { pointers in
      sotto_cache_write(
        pool.handle, &layout, pointers.baseAddress.map { $0 + first },
        (length - origin) % Self.pagePositions, key, value, count)
    }
    length += count
  }

  /// Drops the pages that no later query can see.
  func dropUnseenPages() {
    let unseen = unseenPages
    guard unseen > 0 else { return }
    pages.removeFirst(unseen)
    pointers.removeFirst(unseen)
    origin += unseen * Self.pagePositions
  }
}
