/// Parameters of the gated delta rule.
public struct GatedDeltaSettings {
  /// The number of query and key heads; each serves valueHeads / keyHeads value heads.
  public var keyHeads: Int
  /// The number of value heads; each has its own state.
  public var valueHeads: Int
  /// Columns of a query or key head.
  public var keySize: Int
  /// Columns of a value head.
  public var valueSize: Int
  /// The logarithm of each value head's decay rate (A_log): [valueHeads].
  public var logDecay: Parameter
  /// Added to the decay input (dt_bias): [valueHeads], or [valueHeads * keySize] with decays per channel.
  public var bias: Parameter
  /// Whether value heads of one key head are `keyHeads` apart (GGUF files of Qwen3.5), not consecutive.
  public var tilesValueHeads = false
  /// Which parts of a state decay together.
  public var decays = Decays.perHead
  /// The factor on beta: 2 allows states to change their sign (OLMo Hybrid).
  public var writeScale: Float = 1
  /// Added to the sums of squares by which queries and keys are normalised.
  public var epsilon: Float

  /// Which parts of a state decay together, and how.
  public enum Decays: Sendable, Hashable {
    /// All of it: g = -exp(logDecay) * softplus(decay + bias) (Qwen3-Next).
    case perHead
    /// Every row, a channel of the keys, by itself, as above or, with a lower bound, by g = bound * sigmoid(
    /// exp(logDecay) * (decay + bias)) (Kimi delta attention, arXiv:2510.26692). Needs as many key heads as value heads.
    case perChannel(lowerBound: Float?)
  }

  /// Parameters with the epsilon of the published models by default.
  public init(
    keyHeads: Int, valueHeads: Int, keySize: Int, valueSize: Int, logDecay: Parameter, bias: Parameter,
    epsilon: Float = 1e-6
  ) {
    self.keyHeads = keyHeads
    self.valueHeads = valueHeads
    self.keySize = keySize
    self.valueSize = valueSize
    self.logDecay = logDecay
    self.bias = bias
    self.epsilon = epsilon
  }
}
