/// What the prompt cache did for one prompt, and why not more.
public struct ReuseReport: Sendable, Equatable {
  /// How the reused part was had.
  public enum Kind: String, Sendable, CaseIterable {
    /// Nothing was reused.
    case none
    /// A held sequence went on, or was cut back to what it shares with the prompt.
    case prefix
    /// A state that cannot be cut back was taken up where it had been kept.
    case snapshot
    /// The state came out of a file.
    case disk
    /// The draft had been read while it was typed.
    case typedAhead = "typed ahead"
  }

  /// Why a part of the prompt that could have been reused was read again.
  public enum Miss: Sendable, Equatable {
    /// Nothing is held of this model: it has read nothing yet, or all was given back.
    case nothingHeld
    /// The prompt begins otherwise than everything that is held.
    case differs
    /// What is held differs from the prompt at this token.
    case differsAt(Int)
    /// The prompt agrees up to `common`, but the last state that can be taken up is older.
    case noSnapshot(common: Int)
    /// It was held once, and left to stay within the budget.
    case evicted

    /// A few words for the status line.
    public var description: String {
      switch self {
      case .nothingHeld: "nothing is held"
      case .differs: "nothing in common with what is held"
      case .differsAt(let position): "differs at token \(position)"
      case .noSnapshot(let common): "no snapshot nearer than token \(common)"
      case .evicted: "evicted to stay in the budget"
      }
    }
  }

  /// How the reused part was had.
  public var kind: Kind
  /// Nil where all that is held of this conversation was used.
  public var miss: Miss?

  /// A report.
  public init(kind: Kind = .none, miss: Miss? = nil) {
    self.kind = kind
    self.miss = miss
  }
}
