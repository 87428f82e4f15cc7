/// What the gated delta rule needs beside its inputs.
public struct GatedDeltaSettings {
  /// Query and key heads; each serves valueHeads / keyHeads consecutive value heads.
  public var keyHeads: Int
  /// Value heads, each with a state of its own.
  public var valueHeads: Int
  /// Columns of a query or key head.
  public var keySize: Int
  /// Columns of a value head.
  public var valueSize: Int
  /// The logarithm of each value head's decay rate (A_log): [valueHeads].
  public var logDecay: Parameter
  /// Added to the decay's input (dt_bias): [valueHeads].
  public var bias: Parameter
  /// Added to the sums of squares that queries and keys are normalised by.
  public var epsilon: Float

  /// Settings with the epsilon of the published models where nothing is said.
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
