/// The results of the store.
extension SessionStore {
  /// The outcome of a save.
  public enum Outcome: Sendable, Equatable {
    /// The session is on disk.
    case saved
    /// Another process had changed or deleted the session: it was saved with this new identifier.
    case copied(to: String)
    /// The session was not saved, for this reason.
    case failed(String)
  }

  /// An error with a message for the user.
  public struct Failure: Error, CustomStringConvertible, Equatable {
    /// The reason.
    public let description: String

    package init(description: String) { self.description = description }
  }
}
