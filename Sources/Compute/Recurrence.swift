/// Parameters of the selective scan of a state space with one decay per head (Mamba-2, arXiv:2405.21060).
public struct StateSpaceSettings {
  /// The number of heads; each has its own state.
  public var heads: Int
  /// Columns of a head.
  public var headSize: Int
  /// Groups of B and C; each serves heads / groups consecutive heads.
  public var groups: Int
  /// The state's size for each column of a head.
  public var stateSize: Int
  /// The logarithm of each head's decay rate, [heads]: `A_log`.
  public var logRate: Parameter
  /// Added to each head's step before the softplus, [heads]: `dt_bias`.
  public var stepBias: Parameter
  /// Each head's factor on its input that bypasses the state, [heads]: `D`.
  public var skip: Parameter?
  /// The range that steps are clamped to after the softplus.
  public var stepLimits: ClosedRange<Float>

  /// Parameters of these values; by default steps are not clamped.
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

  /// The shape of the cache, with a convolution of these channels and taps.
  public func cacheShape(channels: Int, taps: Int) -> RecurrentShape {
    RecurrentShape(channels: channels, taps: taps, heads: heads, rows: stateSize, columns: headSize)
  }
}
