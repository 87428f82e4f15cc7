/// Whether what was read of a session is worth writing its file anew, which writes all of it.
public enum SavePlan {
  /// Why it is saved.
  public enum Occasion: Sendable, CaseIterable {
    /// The conversation goes on: what is not saved is lost only with a crash.
    case passing
    /// The person leaves it.
    case leaving
  }

  /// Bytes of a file that may be written behind every answer: a fraction of a second's work for any disk.
  package static let small = 16 << 20
  /// A larger file is written in passing when this part of it is new, so that a conversation which grows to some
  /// length writes at most nine times that, and a crash costs at most an eighth of what a cold start reads.
  package static let part = 8

  /// - Parameters:
  ///   - new: tokens that the file lacks.
  ///   - total: tokens that it would hold.
  ///   - bytes: what it would take.
  package static func isWorthIt(new: Int, total: Int, bytes: Int, _ occasion: Occasion) -> Bool {
    guard new > 0 else { return false }
    return switch occasion {
    case .leaving: true
    case .passing: bytes <= small || new >= (total + part - 1) / part
    }
  }
}

/// The file of a session and a model.
struct SessionFileKey: Hashable, Sendable {
  let model: String
  let session: String
}
