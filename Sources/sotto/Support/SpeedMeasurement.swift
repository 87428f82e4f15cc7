import Compute
import Foundation
import Generation
import Models

/// Measures the prefill of a prompt after cached tokens, and the generation after it. The cached tokens are prefilled
/// once without measurement; every round uses a fork of that cache.
struct SpeedMeasurement {
  let model: any LanguageModel
  let backend: any Backend
  let cached: Int
  private(set) var prompt: Int
  let generate: Int
  /// The sampling settings. Sampled tokens are not used as input, so that every run computes the same.
  let sampling: SamplingSettings
  /// The seconds until the logits of the last prompt token, one per round.
  private(set) var promptTimes: [Double] = []
  /// The seconds for all generated tokens, one per round.
  private(set) var generationTimes: [Double] = []
  /// The other sampling settings that are measured in every round, after the same prompt; nil for none.
  let alternative: SamplingSettings?
  /// The seconds for all generated tokens with `alternative`, one per round.
  private(set) var alternativeTimes: [Double] = []
  private let clock: BenchClock
  private let base: SequenceState

  init(
    model: any LanguageModel, backend: any Backend, cached: Int = 0, prompt: Int, generate: Int,
    sampling: SamplingSettings = .greedy, alternative: SamplingSettings? = nil,
    clock: BenchClock = .elapsed
  ) throws {
    self.model = model
    self.backend = backend
    self.cached = cached
    self.prompt = prompt
    self.generate = generate
    self.sampling = sampling
    self.alternative = alternative
    self.clock = clock
    base = SequenceState(caches: model.makeCaches())
    try Self.prefill(0..<cached, into: base, model, backend)
  }

  /// Discards all measurements, for a prompt of another length with the same cache.
  mutating func restart(prompt: Int) {
    self.prompt = prompt
    promptTimes = []
    generationTimes = []
  }

  mutating func runOnce() throws {
    let sequence = base.fork()
    let start = seconds
    try Self.prefill(cached..<cached + prompt, into: sequence, model, backend)
    promptTimes.append(seconds - start)
    guard let alternative else { return generationTimes.append(try generate(after: sequence, sampling)) }
    // In another order every round, so that neither has the warmer machine.
    let (one, other) = (sequence.fork(), sequence.fork())
    if generationTimes.count % 2 == 0 {
      generationTimes.append(try generate(after: one, sampling))
      alternativeTimes.append(try generate(after: other, alternative))
    } else {
      alternativeTimes.append(try generate(after: other, alternative))
      generationTimes.append(try generate(after: one, sampling))
    }
  }

  /// The seconds for all generated tokens. As for answers, a pass is enqueued before the tokens of the one ahead of it are
  /// read, if the backend computes behind the host.
  private func generate(after sequence: SequenceState, _ sampling: SamplingSettings) throws -> Double {
    let ahead = backend as? any LookAheadBackend
    var sampler = Sampler(sampling)
    var history: [Int32] = []
    // Logits must not be referenced when the next pass is enqueued.
    var logits: Tensor?
    func sample() -> Tokens? {
      defer { logits = nil }
      return logits.map { sampler.next($0, after: history, on: backend) }
    }
    let start = seconds
    for i in 0..<generate {
      if logits == nil { logits = try pass(i, sequence) }
      guard let token = sample() else { break }
      if let ahead, i + 1 < generate {
        ahead.startReading(token)
        logits = try pass(i + 1, sequence)
      }
      history += backend.ids(token)
    }
    return seconds - start
  }

  private func pass(_ i: Int, _ sequence: SequenceState) throws -> Tensor {
    let token = (Int32(i) &* 104_729 &+ 7) % Int32(model.facts.vocabularyCount)
    return try model.forward(ForwardInput(tokens: [token], sequence: sequence))
  }

  private var seconds: Double { clock.seconds }

  /// Prefills synthetic tokens for these positions, in chunks, and waits for the last logits.
  /// - Parameter chunk: nil for 512 tokens, or for those of a first chunk on a GPU.
  static func prefill(
    _ positions: Range<Int>, by chunk: Int? = nil, into sequence: SequenceState, _ model: any LanguageModel,
    _ backend: any Backend
  ) throws {
    let vocabulary = model.facts.vocabularyCount
    let chunk = chunk ?? max(512, PrefillChunking(on: backend).size)
    for first in stride(from: positions.lowerBound, to: positions.upperBound, by: chunk) {
      let tokens = (first..<min(first + chunk, positions.upperBound)).map {
        Int32(($0 &* 7919 &+ 13) % vocabulary)
      }
      var input = ForwardInput(tokens: tokens, sequence: sequence)
      input.isPrefill = true
      _ = backend.values(try model.forward(input))
    }
  }
}

/// The median; 0 for no values.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
