/// A cache of an attention layer in pages of 64 positions, with the page layout of the kernels (`sotto_page_bytes`). All
/// backends have this layout, so that a session saved with one is restored by another.
///
/// A cache with a window drops pages that no query from `slack` positions before the end on can see.
package protocol PagedKeyValueCache: KeyValueCache {
  var heads: Int { get }
  var headSize: Int { get }
  /// If given, a head's values are the first so many columns of its keys.
  var sharedValues: Int? { get }
  var cacheFormat: CacheFormat { get }
  /// Known after the first append.
  var valueHeadSize: Int? { get }
  /// The first position held: a multiple of the page's positions, above 0 only with a window.
  var origin: Int { get }
  var pageCount: Int { get }
  func pageBytes(valueHeadSize: Int) -> Int
}

extension PagedKeyValueCache {
  /// Positions of a page.
  package static var pagePositions: Int { 64 }
  /// Positions kept beyond the window, so that an answer can be truncated.
  package static var slack: Int { 256 }
  /// The name of an image's plane.
  package static var imagePlane: String { "pages" }
  /// Larger than in any model; prevents overflows when page sizes are computed.
  private static var largestValueHeadSize: Int { 1 << 16 }

  package var keepsEveryPosition: Bool { window == nil }

  package func expectedBytes(at length: Int) -> Int {
    let positions = min(length, window.map { $0 + Self.slack + Self.pagePositions } ?? length)
    // Before the first append, values are assumed to be as wide as keys.
    return Self.pages(positions) * pageBytes(valueHeadSize: valueHeadSize ?? headSize)
  }

  package func canTruncate(to length: Int) -> Bool {
    guard (0...self.length).contains(length) else { return false }
    // The query at `length` sees the window that ends with it.
    guard origin > 0, let window else { return true }
    return length - window + 1 >= origin
  }

  /// The pages that hold the positions from `origin` to `length`.
  package func heldPages(at length: Int) -> Int { Self.pages(length - origin) }

  /// The number of first pages that no later query can see.
  package var unseenPages: Int {
    window.map { max(0, (length - $0 + 1 - Self.slack - origin) / Self.pagePositions) } ?? 0
  }

  private static func pages(_ positions: Int) -> Int { (positions + pagePositions - 1) / pagePositions }

  // Images

  package var imageLayout: KeyValueLayout {
    KeyValueLayout(
      heads: heads, headSize: headSize, valueHeadSize: valueHeadSize ?? 0, window: window, origin: origin,
      format: cacheFormat, sharesValues: sharedValues != nil)
  }

  package func validate(_ image: CacheImage) throws(CacheImageError) { _ = try parts(of: image) }

  /// The image's layout and pages, validated.
  package func parts(
    of image: CacheImage
  ) throws(CacheImageError) -> (layout: KeyValueLayout, pages: [CacheImage.Block]) {
    guard length == 0, pageCount == 0 else { throw .notEmpty }
    guard case .keyValue(let found) = image.layout, found.heads == heads, found.headSize == headSize,
      found.window == window, found.format == cacheFormat, found.sharesValues == (sharedValues != nil),
      sharedValues.map({ $0 == found.valueHeadSize }) ?? true
    else {
      throw .layout(found: "\(image.layout)", expected: "\(CacheImage.Layout.keyValue(imageLayout))")
    }
    let length = image.length, origin = found.origin, sizes = 0...Self.largestValueHeadSize
    guard sizes.contains(found.valueHeadSize), found.valueHeadSize > 0 || length == 0 else {
      throw .layout(found: "\(image.layout)", expected: "value heads of up to \(Self.largestValueHeadSize)")
    }
    guard length >= 0, origin >= 0, origin <= length, origin % Self.pagePositions == 0 else {
      throw .positions("\(length) positions from \(origin) on")
    }
    // The next query sees the window that ends with it.
    guard origin == 0 || window.map({ origin <= length - $0 + 1 }) == true else {
      throw .positions("\(length) positions, held from \(origin) on only")
    }
    let size = pageBytes(valueHeadSize: found.valueHeadSize)
    return (found, try image.blocks(Self.imagePlane, count: Self.pages(length - origin), size: size))
  }
}

extension AttentionSettings {
  /// The caches of an attention call as those of a backend, and the columns of a value head.
  /// - Throws: `CacheImageError` for a cache that was restored with another value size than this layer's.
  package func own<Cache: PagedKeyValueCache>(
    _ caches: [any KeyValueCache], counts: [Int], query: Tensor, value: Tensor?, as type: Cache.Type
  ) throws(CacheImageError) -> (caches: [Cache], valueHeadSize: Int) {
    precondition(counts.count == caches.count, "\(counts.count) counts for \(caches.count) caches")
    precondition(
      counts.reduce(0, +) == query.rows && query.columns == heads * headSize && heads % keyValueHeads == 0,
      "attention inputs that do not fit the settings")
    let own = caches.map { cache in
      guard let own = cache as? Cache else { preconditionFailure("a cache of another backend") }
      precondition(
        own.heads == keyValueHeads && own.headSize == headSize
          && own.window.map { cached in window.map { $0 <= cached } ?? false } ?? true,
        "a cache of another layer")
      return own
    }
    let valueHeadSize = value.map { $0.columns / keyValueHeads } ?? own.first?.valueHeadSize ?? headSize
    for cache in own where cache.valueHeadSize ?? valueHeadSize != valueHeadSize {
      throw .layout(
        found: "\(CacheImage.Layout.keyValue(cache.imageLayout))",
        expected: "value heads of \(valueHeadSize)")
    }
    return (own, valueHeadSize)
  }
}
