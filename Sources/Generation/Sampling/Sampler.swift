import Basics
import Compute

/// The sampling state of one request: its settings, its random numbers and the counts of recent tokens for the
/// penalties. The backend does the sampling.
package struct Sampler {
  private let settings: SamplingSettings
  private var random: SplitMix64

  /// A sampler whose draws are determined by the settings' seed.
  package init(_ settings: SamplingSettings) {
    self.settings = settings
    random = SplitMix64(seed: settings.seed ?? UInt64.random(in: 0...UInt64.max))
  }

  /// Samples the next token.
  /// - Parameters:
  ///   - logits: [1, vocabulary].
  ///   - history: the sequence so far, for the penalties.
  /// - Returns: one token; its id is -1 if no logit is a number.
  package mutating func next(_ logits: Tensor, after history: [Int32], on backend: any Backend) -> Tokens {
    backend.sample(logits, [parameters(after: history)])
  }

  /// The number of latest tokens that the penalties need.
  package var window: Int { settings.penalises ? max(settings.repetitionWindow, 0) : 0 }

  /// The parameters of the next draw. Consumes one random number unless sampling is greedy.
  package mutating func parameters(after history: [Int32]) -> SamplingParameters {
    SamplingParameters(
      temperature: settings.temperature, topK: settings.topK, topP: settings.topP, minP: settings.minP,
      adjustments: adjustments(history), uniform: settings.temperature > 0 ? random.uniform() : 0)
  }

  private func adjustments(_ history: [Int32]) -> [LogitAdjustment] {
    guard !settings.logitBias.isEmpty || settings.penalises else { return [] }
    var result = settings.logitBias.mapValues { LogitAdjustment(token: 0, bias: $0) }
    if settings.penalises {
      var counts: [Int32: Int] = [:]
      for id in history.suffix(max(settings.repetitionWindow, 0)) { counts[id, default: 0] += 1 }
      for (id, count) in counts {
        var adjustment = result[id] ?? LogitAdjustment(token: id)
        if settings.repetitionPenalty > 0 { adjustment.repetition = settings.repetitionPenalty }
        adjustment.penalty = settings.presencePenalty + Float(count) * settings.frequencyPenalty
        result[id] = adjustment
      }
    }
    return result.map { id, adjustment in
      var adjustment = adjustment
      adjustment.token = id
      return adjustment
    }
  }
}

extension SamplingSettings {
  /// Whether recent tokens are penalised.
  fileprivate var penalises: Bool {
    (repetitionPenalty != 1 && repetitionPenalty > 0) || presencePenalty != 0 || frequencyPenalty != 0
  }
}
