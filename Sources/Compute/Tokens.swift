/// Token ids, one a row: known to the host, or computed by a backend that has not told them yet.
///
/// What `Backend.sample(_:_:)` returns can be embedded for the next step at once; `Backend.ids(_:)` reads the ids and
/// waits for them where it must.
public struct Tokens {
  /// Where the ids are.
  package enum Storage {
    case host([Int32])
    /// A backend's own representation.
    case device(AnyObject)
  }

  /// How many there are.
  public let count: Int
  package let storage: Storage

  /// Ids that the host knows.
  public init(_ ids: [Int32]) {
    count = ids.count
    storage = .host(ids)
  }

  /// `count` ids in a backend's own representation.
  package init(count: Int, device: AnyObject) {
    self.count = count
    storage = .device(device)
  }
}
