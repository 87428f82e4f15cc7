/// Whether and how tokens are proposed and verified several at a time (speculative decoding). Neither changes the
/// distribution of the answer: every token is sampled from the model's own logits.
public struct SpeculationSettings: Sendable, Equatable {
  /// How many tokens a pass verifies.
  public enum Mode: Sendable, Equatable {
    /// None.
    case off
    /// As many as pay, by measurement.
    case automatic
    /// This many wherever there are proposals, for tests and measurements.
    case fixed(Int)
  }

  /// How many tokens a pass verifies.
  public var mode = Mode.automatic
  /// Whether tokens are proposed that followed an earlier occurrence of the latest ones in the prompt and the answer.
  public var usesLookup = true
  /// Whether tokens are proposed by the model's own layer for multi-token prediction, if it has one.
  public var usesPredictor = true
  /// The key of a resident model with the same vocabulary that proposes tokens; nil for none.
  public var draft: String?
  /// For measurements with random weights: the probability with which a proposal counts as sampled, instead of the
  /// comparison.
  public var madeUpAcceptance: Double?

  /// Automatic look-up and prediction, without a draft model.
  public init() {}

  /// No proposals.
  public static var off: SpeculationSettings {
    var settings = SpeculationSettings()
    settings.mode = .off
    return settings
  }
}
