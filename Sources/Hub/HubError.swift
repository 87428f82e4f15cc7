import Basics

/// Why a model cannot be fetched or removed: what failed, and what the user can do.
public struct HubError: Error, Equatable, CustomStringConvertible {
  /// One line without control characters.
  public let description: String

  init(_ text: String) { description = printable(text, limit: 2000) }
}
