/// Parameters of the selective scan of a state space with a decay per channel and state (Mamba, arXiv:2312.00752).
public struct SelectiveScanSettings {
  /// The largest state size.
  public static let mostStates = 256

  /// The number of channels; each has its own state.
  public var channels: Int
  /// Numbers of a channel's state, at most `mostStates`.
  public var stateSize: Int
  /// The rates at which states change, [channels, stateSize], unquantised: -exp(`A_log`).
  public var rate: Parameter
  /// Each channel's factor on its input that bypasses the state, [channels]: `D`.
  public var skip: Parameter?

  /// Parameters of these values.
  public init(channels: Int, stateSize: Int, rate: Parameter, skip: Parameter? = nil) {
    self.channels = channels
    self.stateSize = stateSize
    self.rate = rate
    self.skip = skip
  }

  /// The shape of the cache, with a convolution of these taps over the channels.
  public func cacheShape(taps: Int) -> RecurrentShape {
    RecurrentShape(channels: channels, taps: taps, heads: 1, rows: stateSize, columns: channels)
  }
}
