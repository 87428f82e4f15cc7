/// Parameters of the real-gated linear recurrent unit (RG-LRU, arXiv:2402.19427).
public struct RealGatedRecurrenceSettings {
  /// The largest block.
  public static let mostColumns = 1024

  /// The number of heads; gates are products within a head's block of columns.
  public var heads: Int
  /// Columns of a block, at most `mostColumns`.
  public var columns: Int
  /// The input gate's matrices [heads, columns, columns], inputs first, as a vector, and its bias [heads * columns].
  public var input: (weight: Parameter, bias: Parameter)
  /// The same of the gate of the recurrence.
  public var recurrence: (weight: Parameter, bias: Parameter)
  /// The decays before the softplus, [heads * columns].
  public var rate: Parameter

  /// Parameters of these values.
  public init(
    heads: Int, columns: Int, input: (weight: Parameter, bias: Parameter),
    recurrence: (weight: Parameter, bias: Parameter), rate: Parameter
  ) {
    self.heads = heads
    self.columns = columns
    self.input = input
    self.recurrence = recurrence
    self.rate = rate
  }

  /// The shape of the cache, with a convolution of these taps over all columns.
  public func cacheShape(taps: Int) -> RecurrentShape {
    RecurrentShape(channels: heads * columns, taps: taps, heads: heads, rows: 1, columns: columns)
  }
}
