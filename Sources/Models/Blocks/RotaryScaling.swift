import Foundation

/// How a model's rotary frequencies are scaled for contexts longer than those it was pre-trained on.
///
/// Evaluated once, when a model is loaded.
enum RotaryScaling: Equatable {
  case none
  /// Positions divided by a factor.
  case linear(factor: Double)
  /// NTK-aware scaling: the base times alpha^(dimensions / (dimensions - 2)).
  case stretched(alpha: Double)
  /// The first `share` of the pairs keep the frequencies of whole heads, divided by `factor`; the others are not rotated
  /// (Gemma 4).
  case proportional(share: Double, factor: Double)
  /// Llama 3.1: low frequencies are divided, high ones kept, and those between interpolated.
  case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalLength: Double)
  /// YaRN (arXiv:2309.00071).
  case yarn(YarnScaling)
  /// LongRoPE (arXiv:2402.13753): each frequency divided by its own factor.
  case factors([Double], attention: Double)

  /// Frequencies in radians per position, and the factor on cos and sin.
  ///
  /// - Parameters:
  ///   - dimensions: rotated columns of a head.
  ///   - base: the rope base, theta.
  func frequencies(dimensions: Int, base: Double) -> (values: [Float], amplitude: Float) {
    let plain = (0..<dimensions / 2).map { pow(base, -Double(2 * $0) / Double(dimensions)) }
    switch self {
    case .none: return (plain.map(Float.init), 1)
    case .linear(let factor): return (plain.map { Float($0 / factor) }, 1)
    case .stretched(let alpha):
      // A single pair does not depend on the base.
      guard dimensions > 2 else { return (plain.map(Float.init), 1) }
      let base = base * pow(alpha, Double(dimensions) / Double(dimensions - 2))
      return RotaryScaling.none.frequencies(dimensions: dimensions, base: base)
    case .proportional(let share, let factor):
      let rotated = Int(share * Double(dimensions)) / 2
      return (plain.enumerated().map { $0 < rotated ? Float($1 / factor) : 0 }, 1)
    case .llama3(let factor, let low, let high, let length):
      let scaled = plain.map { frequency in
        let rotations = length * frequency / (2 * Double.pi)
        if rotations > high { return frequency }
        if rotations < low { return frequency / factor }
        let smooth = (rotations - low) / (high - low)
        return (1 - smooth) * frequency / factor + smooth * frequency
      }
      return (scaled.map(Float.init), 1)
    case .yarn(let yarn):
      return (yarn.frequencies(plain, dimensions: dimensions, base: base), Float(yarn.amplitude))
    case .factors(let factors, let attention):
      return (zip(plain, factors).map { Float($0 / $1) }, Float(attention))
    }
  }
}

/// YaRN's parameters, under the names of the paper and of config.json.
struct YarnScaling: Equatable {
  var factor: Double
  var originalLength: Double
  var betaFast = 32.0
  var betaSlow = 1.0
  /// Whether the interpolated range is rounded outwards to whole pairs.
  var truncate = true
  /// If nil, it is derived from `mscale` and `mscaleAllDimensions`, or is 0.1 ln(factor) + 1.
  var attentionFactor: Double?
  var mscale: Double?
  var mscaleAllDimensions: Double?

  /// The factor on cos and sin.
  var amplitude: Double {
    if let attentionFactor { return attentionFactor }
    if let mscale, let mscaleAllDimensions, mscale != 0, mscaleAllDimensions != 0 {
      return magnitude(mscale) / magnitude(mscaleAllDimensions)
    }
    return magnitude(1)
  }

  /// YaRN's factor on attention logits for this `mscale`.
  func magnitude(_ scale: Double) -> Double { factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1 }

  func frequencies(_ plain: [Double], dimensions: Int, base: Double) -> [Float] {
    func pair(rotating rotations: Double) -> Double {
      Double(dimensions) * log(originalLength / (rotations * 2 * .pi)) / (2 * log(base))
    }
    var low = pair(rotating: betaFast)
    var high = pair(rotating: betaSlow)
    if truncate {
      low = low.rounded(.down)
      high = high.rounded(.up)
    }
    low = max(low, 0)
    high = min(high, Double(dimensions - 1))
    if low == high { high += 0.001 }
    return plain.enumerated().map { index, frequency in
      let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
      return Float(frequency / factor * ramp + frequency * (1 - ramp))
    }
  }
}
