import Compute

/// The caches of one sequence and its length.
public final class SequenceState {
  /// In the order of the model's blocks; a layer may have several or none.
  public let caches: [any LayerCache]
  /// The number of positions processed, which is also the next token's position.
  public private(set) var length = 0

  /// The state of a new sequence.
  /// - Parameter caches: empty caches.
  public init(caches: [any LayerCache]) { self.caches = caches }

  /// Advances the length after a successful pass, in which every cache has stored the positions.
  package func advance(by count: Int) { length += count }

  /// Bytes held by the caches.
  public var bytes: Int { caches.reduce(0) { $0 + $1.bytes } }

  /// Bytes that the caches will hold at `length` positions.
  public func expectedBytes(at length: Int) -> Int { caches.reduce(0) { $0 + $1.expectedBytes(at: length) } }

  /// Bytes that a kept fork no longer shares once the sequence has advanced: the caches that cannot be truncated to every
  /// length.
  public var snapshotBytes: Int {
    caches.reduce(0) { $1.keepsEveryPosition ? $0 : $0 + $1.expectedBytes(at: .max / 2) }
  }

  /// Whether every cache can always be truncated to every earlier length.
  public var keepsEveryPosition: Bool { caches.allSatisfy(\.keepsEveryPosition) }

  /// Calls `body` with every block of memory that the caches hold; see `LayerCache.forEachBlock`.
  public func forEachBlock(_ body: (any CacheBlock) -> Void) {
    for cache in caches { cache.forEachBlock(body) }
  }

  /// Whether every cache can be truncated to this length.
  public func canTruncate(to length: Int) -> Bool {
    length <= self.length && caches.allSatisfy { $0.canTruncate(to: length) }
  }

  /// Removes the positions from `length` on. Requires `canTruncate(to:)`.
  public func truncate(to length: Int) {
    for cache in caches { cache.truncate(to: length) }
    self.length = length
  }

  /// Truncates the caches that a failed pass has advanced beyond `length`.
  /// - Returns: false if a cache cannot be truncated to it; the state must then be discarded.
  public func rollBack(to length: Int) -> Bool {
    guard caches.allSatisfy({ $0.canTruncate(to: length) }) else { return false }
    truncate(to: length)
    return true
  }

  /// An independent state with the same content; pages are shared.
  public func fork() -> SequenceState {
    let state = SequenceState(caches: caches.map { $0.fork() })
    state.length = length
    return state
  }

  /// The current content of every cache, which can be saved on any thread at any time; memory is shared, not copied.
  public func image() -> [CacheImage] { caches.map { $0.image() } }

  /// Restores images of the same model's caches. The caches must be empty.
  /// - Throws: `CacheImageError` if an image does not fit its cache; no cache has changed then.
  public func restore(_ images: [CacheImage]) throws(CacheImageError) {
    guard images.count == caches.count else { throw .layers(images.count, expected: caches.count) }
    let length = images.first?.length ?? 0
    for (index, image) in images.enumerated() {
      do throws(CacheImageError) {
        guard image.length == length else { throw .lengths(image.length, expected: length) }
        try caches[index].validate(image)
      } catch { throw .layer(index, error) }
    }
    for (cache, image) in zip(caches, images) { try cache.restore(image) }
    self.length = length
  }
}
