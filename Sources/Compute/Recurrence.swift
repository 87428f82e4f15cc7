/// What the selective scan of a state space with one decay a head (Mamba-2, arXiv:2405.21060) needs beside its
/// inputs.
public struct StateSpaceSettings {
  /// Heads; each has a state of its own.
  public var heads: Int
  /// Columns of a head.
  public var headSize: Int
  /// Groups of B and C; each serves heads / groups consecutive heads.
  public var groups: Int
  /// Numbers that the state holds for each column of a head.
  public var stateSize: Int
  /// The logarithm of each head's rate of decay, [heads]: `A_log`.
  public var logRate: Parameter
  /// What is added to each head's step before the softplus, [heads]: `dt_bias`.
  public var stepBias: Parameter
  /// Each head's factor on what goes past the state, [heads]: `D`.
  public var skip: Parameter?
  /// What steps are held within, behind the softplus.
  public var stepLimits: ClosedRange<Float>

  /// Settings of these values; steps are unlimited where nothing is said.
  public init(
    heads: Int, headSize: Int, groups: Int, stateSize: Int, logRate: Parameter, stepBias: Parameter,
    skip: Parameter? = nil, stepLimits: ClosedRange<Float> = 0...Float.infinity
  ) {
    self.heads = heads
    self.headSize = headSize
    self.groups = groups
    self.stateSize = stateSize
    self.logRate = logRate
    self.stepBias = stepBias
    self.skip = skip
    self.stepLimits = stepLimits
  }

  /// The cache that goes with it, behind a convolution of so many channels and taps.
  public func cacheShape(channels: Int, taps: Int) -> RecurrentShape {
    RecurrentShape(channels: channels, taps: taps, heads: heads, rows: stateSize, columns: headSize)
  }
}
