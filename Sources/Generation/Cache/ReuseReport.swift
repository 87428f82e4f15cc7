/// How much of a prompt was reused, and why not more.
public struct ReuseReport: Sendable, Equatable {
  /// The source of the reused tokens.
  public enum Kind: String, Sendable, CaseIterable {
    /// Nothing was reused.
    case none
    /// A held sequence, possibly truncated to the common prefix.
    case prefix
    /// A snapshot of a state that can't be truncated.
    case snapshot
    /// A state loaded from disk.
    case disk
    /// A draft that was prefilled while it was typed.
    case typedAhead = "typed ahead"
  }

  /// Why tokens that could have been reused were prefilled again.
  public enum Miss: Sendable, Equatable {
    /// Nothing is held of this model.
    case nothingHeld
    /// The prompt has no common prefix with the held sequences.
    case differs
    /// The held sequence differs from the prompt at this token.
    case differsAt(Int)
    /// The common prefix has `common` tokens, but the last snapshot is older.
    case noSnapshot(common: Int)
    /// The sequence was evicted.
    case evicted

    /// A few words for the status line.
    public var description: String {
      switch self {
      case .nothingHeld: "nothing cached yet"
      case .differs: "the prompt starts differently"
      case .differsAt(let position): "changed at token \(position)"
      case .noSnapshot(let common): "no snapshot after token \(common)"
      case .evicted: "evicted: cache_budget is full"
      }
    }
  }

  /// The source of the reused tokens.
  public var kind: Kind
  /// Nil if everything held of this conversation was reused.
  public var miss: Miss?

  /// A report.
  public init(kind: Kind = .none, miss: Miss? = nil) {
    self.kind = kind
    self.miss = miss
  }
}
