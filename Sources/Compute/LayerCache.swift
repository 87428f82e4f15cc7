/// What one layer remembers of a sequence. It changes only through the backend's operations and the
/// functions here.
public protocol LayerCache: AnyObject {
  /// Positions processed so far (not all need still be held).
  var length: Int { get }
  /// Bytes held by this cache; pages shared with a fork are counted in both.
  var bytes: Int { get }
  /// Whether `truncate(to:)` can go back to this length.
  func canTruncate(to length: Int) -> Bool
  /// Forgets positions from `length` on. The caller has asked `canTruncate(to:)`.
  func truncate(to length: Int)
  /// An independent cache with the same content; what is common is shared, not copied.
  func fork() -> any LayerCache
}

/// Keys and values of an attention layer, in pages of a fixed number of positions that forks share.
///
/// A cache with a window drops pages that no later query can see, so it can be cut back only as far as
/// it still holds a window.
public protocol KeyValueCache: LayerCache {
  /// Latest positions that are attended to; nil for all.
  var window: Int? { get }
}
