/// Parameters of RWKV-7's generalised delta rule (arXiv:2503.14456). Vectors are [heads * size].
public struct RWKVSettings {
  /// The largest head.
  public static let mostColumns = 256

  /// The number of heads; each has its own state.
  public var heads: Int
  /// Columns of a head, at most `mostColumns`.
  public var size: Int
  /// The factor on keys that gives the directions to erase: `k_k`.
  public var erase: Parameter
  /// How much the rates change the keys: `k_a`.
  public var blend: Parameter
  /// The factor on receptance * key that gives the share of a token's own value: `r_k`.
  public var bonus: Parameter
  /// The layer norm of each head's output.
  public var norm: (weight: Parameter, bias: Parameter, epsilon: Float)

  /// Parameters of these values.
  public init(
    heads: Int, size: Int, erase: Parameter, blend: Parameter, bonus: Parameter,
    norm: (weight: Parameter, bias: Parameter, epsilon: Float)
  ) {
    self.heads = heads
    self.size = size
    self.erase = erase
    self.blend = blend
    self.bonus = bonus
    self.norm = norm
  }

  /// The shape of the cache: the state, and the last row of the token shift.
  public var cacheShape: RecurrentShape {
    RecurrentShape(channels: heads * size, taps: 2, heads: heads, rows: size, columns: size)
  }
}
