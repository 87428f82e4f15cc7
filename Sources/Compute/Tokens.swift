/// Token ids, one per row, known on the host or still being computed by a backend.
///
/// The result of `Backend.sample(_:_:)` can be embedded for the next step without reading it. `Backend.ids(_:)` reads
/// the ids and waits for them if necessary.
public struct Tokens {
  /// Where the ids are.
  package enum Storage {
    case host([Int32])
    /// A backend's representation.
    case device(AnyObject)
  }

  /// The number of ids.
  public let count: Int
  package let storage: Storage

  /// Ids known on the host.
  public init(_ ids: [Int32]) {
    count = ids.count
    storage = .host(ids)
  }

  /// `count` ids in a backend's representation.
  package init(count: Int, device: AnyObject) {
    self.count = count
    storage = .device(device)
  }
}
