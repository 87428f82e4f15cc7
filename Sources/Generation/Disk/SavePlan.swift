/// Whether a session is worth saving now. Saving rewrites the whole file.
public enum SavePlan {
  /// The reason for saving.
  public enum Occasion: Sendable, CaseIterable {
    /// The conversation continues; without a save, only a crash loses data.
    case passing
    /// The session is closed.
    case leaving
  }

  /// The size of a file that may be written after every answer: a fraction of a second for any disk.
  package static let small = 16 << 20
  /// A larger file is written after an answer if at least one eighth of its tokens is new. The total written is then
  /// at most nine times the final size, and a crash loses at most an eighth of the prefill work.
  package static let part = 8

  /// - Parameters:
  ///   - new: tokens that the file lacks.
  ///   - total: tokens that it would hold.
  ///   - bytes: its size.
  package static func isWorthIt(new: Int, total: Int, bytes: Int, _ occasion: Occasion) -> Bool {
    guard new > 0 else { return false }
    return switch occasion {
    case .leaving: true
    case .passing: bytes <= small || new >= (total + part - 1) / part
    }
  }
}

/// Identifies the file of a session and a model.
struct SessionFileKey: Hashable, Sendable {
  let model: String
  let session: String
}
