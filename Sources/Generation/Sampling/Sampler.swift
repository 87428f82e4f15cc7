import Basics
import Foundation

/// Draws tokens by `SamplingSettings`: repetition penalty, temperature, then top-k, min-p and top-p on the
/// probabilities that remain.
///
/// Costs one or two passes over the vocabulary; only candidates that can still be drawn are sorted.
public struct Sampler {
  private let settings: SamplingSettings
  private var random: SplitMix64
  private var candidates: [Candidate] = []

  private struct Candidate {
    var id: Int32
    var logit: Float
  }

  /// A sampler whose draws the settings' seed fixes.
  public init(_ settings: SamplingSettings) {
    self.settings = settings
    random = SplitMix64(seed: settings.seed ?? UInt64.random(in: 0...UInt64.max))
  }

  /// The next token.
  ///
  /// - Parameters:
  ///   - logits: one number for each token of the vocabulary; not a number counts as impossible.
  ///   - history: the sequence so far, for the repetition penalty.
  public mutating func next(_ logits: [Float], after history: [Int32]) -> Int32 {
    var logits = logits
    penalise(&logits, history)
    guard settings.temperature > 0 else { return Self.argmax(logits) }
    collectCandidates(logits)
    guard let best = candidates.first?.logit, best > -.infinity else { return Self.argmax(logits) }
    return draw(best)
  }

  /// The index of the largest number; the first of equals.
  static func argmax(_ logits: [Float]) -> Int32 {
    var best = -Float.infinity
    var index = 0
    for i in logits.indices where logits[i] > best {
      best = logits[i]
      index = i
    }
    return Int32(index)
  }

  private func penalise(_ logits: inout [Float], _ history: [Int32]) {
    let penalty = settings.repetitionPenalty
    guard penalty != 1, penalty > 0 else { return }
    for id in Set(history.suffix(max(settings.repetitionWindow, 0))) where logits.indices.contains(Int(id)) {
      let logit = logits[Int(id)]
      logits[Int(id)] = logit > 0 ? logit / penalty : logit * penalty
    }
  }

  /// Fills `candidates`, likeliest first, with all tokens that the filters and float32's range leave.
  private mutating func collectCandidates(_ logits: [Float]) {
    candidates.removeAll(keepingCapacity: true)
    let best = logits[Int(Self.argmax(logits))]
    // Below this no probability survives min-p, or is larger than 1e-9 of the likeliest.
    let reach = settings.minP > 0 ? min(-log(min(settings.minP, 1)), 20.7) : 20.7
    let floor = best - Float(reach) * settings.temperature
    for i in logits.indices where logits[i] >= floor {
      candidates.append(Candidate(id: Int32(i), logit: logits[i]))
    }
    candidates.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.id < $1.id }
    if settings.topK > 0, candidates.count > settings.topK {
      candidates.removeLast(candidates.count - settings.topK)
    }
  }

  private mutating func draw(_ best: Float) -> Int32 {
    var weights = candidates.map { exp(($0.logit - best) / settings.temperature) }
    var sum = weights.reduce(0, +)
    if settings.topP < 1 {
      let wanted = max(settings.topP, 0) * sum
      var reached: Float = 0
      var kept = 0
      while kept < weights.count, kept == 0 || reached < wanted {
        reached += weights[kept]
        kept += 1
      }
      weights.removeLast(weights.count - kept)
      sum = reached
    }
    var remaining = random.unit() * sum
    for (index, weight) in weights.enumerated() {
      remaining -= weight
      if remaining < 0 { return candidates[index].id }
    }
    return candidates[weights.count - 1].id
  }
}
