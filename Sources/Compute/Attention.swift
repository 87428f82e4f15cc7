/// What attention needs beside its inputs.
public struct AttentionSettings {
  /// Query heads.
  public var heads: Int
  /// Key and value heads; each serves heads / keyValueHeads consecutive query heads.
  public var keyValueHeads: Int
  /// Columns of a query or key head.
  public var headSize: Int
  /// The factor on query · key.
  public var scale: Float
  /// Latest positions attended to, the current one included; nil for all.
  public var window: Int?
  /// cap * tanh(score / cap) where given (Gemma 2).
  public var softcap: Float?
  /// One logit a head that takes part in the softmax and contributes nothing (GPT-OSS).
  public var sinks: Parameter?

  /// Settings with the plain choices where nothing is said.
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

/// Rotary position embedding (arXiv:2104.09864) with any frequency scaling already applied.
public struct RotaryTable: Sendable {
  /// Columns of a head.
  public let headSize: Int
  /// Radians per position of each rotated pair; 2 * count columns rotate, the rest pass through.
  public let frequencies: [Float]
  /// Factor on cos and sin (YaRN's attention factor).
  public let amplitude: Float
  /// Pairs are (2i, 2i+1) when true, (i, i + count) when false.
  public let interleaved: Bool

  /// A table of the given frequencies, in radians per position.
  public init(headSize: Int, frequencies: [Float], amplitude: Float = 1, interleaved: Bool) {
    self.headSize = headSize
    self.frequencies = frequencies
    self.amplitude = amplitude
    self.interleaved = interleaved
  }
}
