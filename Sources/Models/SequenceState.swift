import Compute

/// The caches of one sequence and its length.
public final class SequenceState {
  /// In the order of the model's blocks; a layer may have several or none.
  public let layers: [any LayerCache]
  /// Positions processed. The next token's position; no single cache decides it.
  public private(set) var length = 0

  /// The state of a new sequence.
  /// - Parameter layers: empty caches.
  public init(layers: [any LayerCache]) { self.layers = layers }

  /// Counts the positions of a pass that has succeeded; every cache has taken them in.
  package func advance(by count: Int) { length += count }

  /// Bytes held by the caches.
  public var bytes: Int { layers.reduce(0) { $0 + $1.bytes } }

  /// Bytes that the caches will hold at `length` positions.
  public func expectedBytes(at length: Int) -> Int { layers.reduce(0) { $0 + $1.expectedBytes(at: length) } }

  /// Bytes that a fork which is kept comes to hold alone once the sequence has gone on: the layers that
  /// cannot be cut back.
  public var snapshotBytes: Int {
    layers.reduce(0) { $1.keepsEveryPosition ? $0 : $0 + $1.expectedBytes(at: .max / 2) }
  }

  /// Whether every layer can always be cut back to every earlier length.
  public var keepsEveryPosition: Bool { layers.allSatisfy(\.keepsEveryPosition) }

  /// Calls `body` with every block of memory that the caches hold; see `LayerCache.forEachBlock`.
  public func forEachBlock(_ body: (_ block: AnyObject, _ bytes: Int) -> Void) {
    for layer in layers { layer.forEachBlock(body) }
  }

  /// Whether every layer can be cut back to this length.
  public func canTruncate(to length: Int) -> Bool {
    length <= self.length && layers.allSatisfy { $0.canTruncate(to: length) }
  }

  /// Forgets positions from `length` on; the caller has asked `canTruncate(to:)`.
  public func truncate(to length: Int) {
    for layer in layers { layer.truncate(to: length) }
    self.length = length
  }

  /// Cuts back the layers that a pass which failed left further on than `length`.
  /// - Returns: false where a layer cannot be cut back to it; the state is of no use then.
  public func settle(at length: Int) -> Bool {
    guard layers.allSatisfy({ $0.canTruncate(to: length) }) else { return false }
    truncate(to: length)
    return true
  }

  /// An independent state with the same content; pages are shared.
  public func fork() -> SequenceState {
    let state = SequenceState(layers: layers.map { $0.fork() })
    state.length = length
    return state
  }

  /// What every layer holds now, to be saved by anyone at any time; pages are shared, nothing is copied.
  public func image() -> [CacheImage] { layers.map { $0.image() } }

  /// Takes in what the caches of an equal model held; these must be empty.
  /// - Throws: `CacheImageError` where an image does not fit its layer; no layer has changed then.
  public func restore(_ images: [CacheImage]) throws(CacheImageError) {
    guard images.count == layers.count else { throw .layers(images.count, expected: layers.count) }
    let length = images.first?.length ?? 0
    for (index, image) in images.enumerated() {
      do throws(CacheImageError) {
        guard image.length == length else { throw .lengths(image.length, expected: length) }
        try layers[index].validate(image)
      } catch { throw .layer(index, error) }
    }
    for (layer, image) in zip(layers, images) { try layer.restore(image) }
    self.length = length
  }
}
