/// What one layer remembers of a sequence. It changes only through the backend's operations and the
/// functions here.
public protocol LayerCache: AnyObject {
  /// Positions that this cache has taken in (not all need still be held). A sequence keeps its own length, which goes
  /// forward when a whole pass has succeeded; after a pass that failed, some caches are ahead of it.
  var length: Int { get }
  /// Bytes held by this cache; blocks shared with a fork are counted in both.
  var bytes: Int { get }
  /// Bytes that it will hold when it has grown to `length` positions.
  func expectedBytes(at length: Int) -> Int
  /// Whether it can be cut back to every earlier length, however long it grows.
  var keepsEveryPosition: Bool { get }
  /// Calls `body` with every block of memory that it holds. A block shared with a fork is one object, so that many
  /// caches together can be counted without counting anything twice.
  func forEachBlock(_ body: (any CacheBlock) -> Void)
  /// Whether `truncate(to:)` can go back to this length. A recurrent cache whose convolution and recurrence have taken
  /// in different positions can only go back to 0.
  func canTruncate(to length: Int) -> Bool
  /// Forgets positions from `length` on. The caller has asked `canTruncate(to:)`.
  func truncate(to length: Int)
  /// An independent cache with the same content; what is common is shared, not copied.
  func fork() -> any LayerCache
  /// What it holds now, to be saved; later changes of the cache do not show in it. Waits for nothing: the blocks'
  /// bytes are read later, by whoever writes them.
  func image() -> CacheImage
  /// Throws where `restore(_:)` would, and changes nothing.
  func validate(_ image: CacheImage) throws(CacheImageError)
  /// Takes in what an equal layer's cache held; this one must be empty. The CPU uses the memory where it is (in a
  /// mapped file, say) until a block of it is to be changed, which copies that block; a device copies it, now or
  /// behind the operations that it was given before.
  /// - Throws: `CacheImageError` where the image is of another layer or its parts do not fit; the cache is
  ///   then as it was.
  func restore(_ image: CacheImage) throws(CacheImageError)
}

/// Memory that a layer's cache holds and may share with its forks, opaque to everyone but its backend: an identity and a
/// size. It is freed with the last reference.
public protocol CacheBlock: AnyObject {
  /// Bytes that it takes, on the host or on a device.
  var byteCount: Int { get }
}

/// Keys and values of an attention layer, in pages of a fixed number of positions that forks share.
///
/// A cache with a window drops pages that no later query can see, so it can be cut back only as far as
/// it still holds a window.
public protocol KeyValueCache: LayerCache {
  /// Latest positions that are attended to; nil for all.
  var window: Int? { get }
}

/// The state of a layer that folds its past into a fixed number of numbers: a state-space mixer or a gated
/// delta rule, with the last inputs of the causal convolution before it; or a causal convolution alone.
///
/// It cannot be cut back, only be taken up again from a fork made earlier. A fork costs nothing until one of
/// the two goes on; that one then writes to memory of its own.
public protocol RecurrentCache: LayerCache {
  /// How large the state is.
  var shape: RecurrentShape { get }
}

/// How large a recurrent layer's state is.
public struct RecurrentShape: Sendable, Hashable {
  /// Channels of the causal convolution; 0 for none.
  public var channels: Int
  /// Taps of the convolution: the state holds the last taps - 1 inputs of each channel.
  public var taps: Int
  /// Heads of the recurrence; 0 for none.
  public var heads: Int
  /// Rows of a head's state matrix (a state space's state size; the delta rule's key size).
  public var rows: Int
  /// Columns of it (a state-space head's channels; the delta rule's value size).
  public var columns: Int

  /// A state of these sizes.
  public init(channels: Int, taps: Int, heads: Int, rows: Int, columns: Int) {
    self.channels = channels
    self.taps = taps
    self.heads = heads
    self.rows = rows
    self.columns = columns
  }

  /// Numbers of the convolution's part: [taps - 1, channels], oldest first.
  public var convolutionCount: Int { max(taps - 1, 0) * channels }
  /// Numbers of the recurrence's part: [heads, rows, columns].
  public var stateCount: Int { heads * rows * columns }
}
