/// Parameters of attention.
public struct AttentionSettings {
  /// The number of query heads.
  public var heads: Int
  /// The number of key and value heads; each serves heads / keyValueHeads consecutive query heads.
  public var keyValueHeads: Int
  /// Columns of a query or key head.
  public var headSize: Int
  /// The factor applied to query · key.
  public var scale: Float
  /// The sliding window: the latest positions attended to, including the current one; nil for all.
  public var window: Int?
  /// The softcap: cap * tanh(score / cap) (Gemma 2).
  public var softcap: Float?
  /// Whether a later layer of the same pass reads the caches: positions outside of the window stay until that layer.
  public var keepsUnseen = false
  /// One logit per head that takes part in the softmax but has no value (GPT-OSS).
  public var sinks: Parameter?
  /// Whether the results of each row are those of a call with this row alone. Otherwise rows that share a pass over the
  /// keys may be computed with less precise products. For few rows, since every row reads all keys.
  public var rowsAreSteps = false
  /// Whether the results of each row are the same, bit for bit, in however many calls the rows of a sequence are. Only
  /// for backends whose other calls are faster; the others ignore it.
  public var isPrefill = false

  /// Parameters without a window, a softcap and sinks by default.
  public init(
    heads: Int, keyValueHeads: Int, headSize: Int, scale: Float, window: Int? = nil,
    softcap: Float? = nil, sinks: Parameter? = nil
  ) {
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.scale = scale
    self.window = window
    self.softcap = softcap
    self.sinks = sinks
  }
}

/// Rotary position embedding (arXiv:2104.09864), with any frequency scaling already applied.
public struct RotaryTable: Sendable {
  /// Columns of a head.
  public let headSize: Int
  /// The first rotated column of a head.
  public let first: Int
  /// Radians per position of each rotated pair. 2 * count columns are rotated, the others are copied.
  public let frequencies: [Float]
  /// Factor applied to cos and sin (YaRN's attention factor).
  public let amplitude: Float
  /// Whether the pairs are (2i, 2i+1) instead of (i, i + count), counted from the first rotated column.
  public let interleaved: Bool

  /// A table of these frequencies, in radians per position.
  public init(
    headSize: Int, first: Int = 0, frequencies: [Float], amplitude: Float = 1, interleaved: Bool
  ) {
    self.headSize = headSize
    self.first = first
    self.frequencies = frequencies
    self.amplitude = amplitude
    self.interleaved = interleaved
  }
}
