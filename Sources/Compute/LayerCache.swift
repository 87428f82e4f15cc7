/// The cache of one layer and one sequence. It changes only through the backend's operations and the functions below.
public protocol LayerCache: AnyObject {
  /// Positions processed (not all need still be held). A sequence has a length of its own, which advances when a
  /// whole pass has succeeded; after a failed pass, some caches are ahead of it.
  var length: Int { get }
  /// Bytes held; blocks shared with a fork count in both caches.
  var bytes: Int { get }
  /// Bytes that it will hold at `length` positions.
  func expectedBytes(at length: Int) -> Int
  /// Whether it can always be truncated to every earlier length.
  var keepsEveryPosition: Bool { get }
  /// Calls `body` with every block of memory that it holds. A block shared by forks is one object, so that blocks of
  /// many caches can be counted once.
  func forEachBlock(_ body: (any CacheBlock) -> Void)
  /// Whether `truncate(to:)` supports this length. A recurrent cache whose convolution and recurrence are at
  /// different positions can only be truncated to 0.
  func canTruncate(to length: Int) -> Bool
  /// Removes the positions from `length` on. Requires `canTruncate(to:)`.
  func truncate(to length: Int)
  /// An independent cache with the same content. Blocks are shared, not copied.
  func fork() -> any LayerCache
  /// The current content, for saving. Later changes to the cache don't affect it. Does not wait: the bytes of the
  /// blocks are read later.
  func image() -> CacheImage
  /// Throws if `restore(_:)` would throw; changes nothing.
  func validate(_ image: CacheImage) throws(CacheImageError)
  /// Replaces the content of this cache, which must be empty, by an image of an equal layer's cache. The CPU backend
  /// uses the image's memory in place and copies a block before it writes to it. A device copies the bytes, possibly
  /// after the operations already enqueued.
  /// - Throws: `CacheImageError` if the image belongs to another layer or is inconsistent; the cache is unchanged
  ///   then.
  func restore(_ image: CacheImage) throws(CacheImageError)
}

/// A block of memory that a layer's cache holds and may share with forks. It is opaque to all but the backend: it has
/// an identity and a size, and is freed with the last reference.
public protocol CacheBlock: AnyObject {
  /// Its size in bytes, on the host or on a device.
  var byteCount: Int { get }
}

/// Keys and values of an attention layer, in pages of a fixed number of positions that forks share.
///
/// A cache with a window drops pages that no later query can see, so it can only be truncated to lengths whose window
/// is still held.
public protocol KeyValueCache: LayerCache {
  /// The latest positions attended to; nil for all.
  var window: Int? { get }
}

/// The state of a recurrent layer (a state-space mixer or a gated delta rule) with the last inputs of its causal
/// convolution, or of a causal convolution alone.
///
/// It can't be truncated; resume from a fork. A fork costs nothing until one of the two advances, which then copies
/// the state.
public protocol RecurrentCache: LayerCache {
  /// The sizes of the state.
  var shape: RecurrentShape { get }
}

/// The sizes of a recurrent layer's state.
public struct RecurrentShape: Sendable, Hashable {
  /// Channels of the causal convolution; 0 for none.
  public var channels: Int
  /// Taps of the convolution; the state holds the last taps - 1 inputs of each channel.
  public var taps: Int
  /// Heads of the recurrence; 0 for none.
  public var heads: Int
  /// Rows of a head's state matrix (a state space's state size or the delta rule's key size).
  public var rows: Int
  /// Columns of a head's state matrix (a state-space head's channels or the delta rule's value size).
  public var columns: Int

  /// A state of these sizes.
  public init(channels: Int, taps: Int, heads: Int, rows: Int, columns: Int) {
    self.channels = channels
    self.taps = taps
    self.heads = heads
    self.rows = rows
    self.columns = columns
  }

  /// Numbers of the convolution's state: [taps - 1, channels], oldest first.
  public var convolutionCount: Int { max(taps - 1, 0) * channels }
  /// Numbers of the recurrence's state: [heads, rows, columns].
  public var stateCount: Int { heads * rows * columns }
}
