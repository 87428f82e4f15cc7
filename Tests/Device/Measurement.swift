import Compute
import ComputeCUDA
import Foundation
import Models

/// The speed of a synthetic shape: medians of prompts of 512 and of 2,048 tokens, of 32 behind 2,048,
/// and of generation behind 512 and 2,048.
struct Measurement {
  let device: CUDADevice
  let shape: String
  let layers: Int?

  private static let rounds = 5
  private static let generated = 64

  func run(profiles: Bool) throws {
    let start = ContinuousClock.now
    let backend = try CUDABackend(device: device, precision: .fast)
    let free = try device.freeMemory()
    let model = try SyntheticShape.named(shape, layers: layers).model(backend: backend)
    try backend.throwIfFailed()
    say("\(shape): loaded in \(seconds(since: start)) s, \((free - (try device.freeMemory())) >> 20) MB")
    let base = SequenceState(caches: model.makeCaches())
    for cached in [0, 512, 2048] {
      if cached > base.length { try prefill(model, backend, cached - base.length, base) }
      if cached == 0 {
        try measurePrompt(model, backend, base, 512)
        try measurePrompt(model, backend, base, 2048)
      }
      if cached == 2048 { try measurePrompt(model, backend, base, 32) }
      if cached > 0 {
        try measureGeneration(model, backend, base)
        for kernels in [0, 12] {
          backend.firstStepKernels = kernels
          for count in [1, 8, 32] { try measureAhead(model, backend, base, count) }
        }
      }
    }
    if profiles { try profile(model, backend, base) }
    say("memory in all: \((free - (try device.freeMemory())) >> 20) MB")
  }

  private func measurePrompt(
    _ model: any LanguageModel, _ backend: CUDABackend, _ base: SequenceState, _ count: Int
  ) throws {
    var times: [Double] = []
    for _ in 0..<Self.rounds {
      let sequence = base.fork(), start = ContinuousClock.now
      try prefill(model, backend, count, sequence)
      times.append(seconds(since: start))
    }
    let time = times.sorted()[times.count / 2]
    say("  \(count) tokens behind \(base.length): \(time * 1000) ms, \(Int(Double(count) / time)) tokens/s")
  }

  private func measureGeneration(
    _ model: any LanguageModel, _ backend: CUDABackend, _ base: SequenceState
  ) throws {
    var times: [Double] = [], issued = 0.0, passes: [Double] = []
    for _ in 0..<Self.rounds {
      let sequence = base.fork(), start = ContinuousClock.now
      issued = 0
      passes = []
      for i in 0..<Self.generated {
        let begin = ContinuousClock.now
        defer { if i < 6 { passes.append(seconds(since: begin)) } }
        let input = ForwardInput(tokens: [token(i, model)], sequence: sequence)
        let sampled = backend.argmax(try model.forward(input))
        issued += seconds(since: begin)
        _ = backend.ids(sampled)
      }
      try backend.throwIfFailed()
      times.append(seconds(since: start))
    }
    let time = times.sorted()[times.count / 2] / Double(Self.generated)
    say(
      "  generation behind \(base.length): \(1 / time) tokens/s; \(time * 1e6) us a token, "
        + "\(issued / Double(Self.generated) * 1e6) us to enqueue it; the first passes "
        + passes.map { "\(Int($0 * 1e6))" }.joined(separator: " "))
  }

  /// Passes that are enqueued before the tokens of the ones ahead are read.
  private func measureAhead(
    _ model: any LanguageModel, _ backend: CUDABackend, _ base: SequenceState, _ count: Int
  ) throws {
    let sequences = (0..<count).map { _ in base.fork() }
    var step = 0
    func pass() throws -> Tokens {
      let tokens = (0..<count).map { token(step * 31 + $0 * 977, model) }
      step += 1
      let input = ForwardInput(
        tokens: tokens, sequences: sequences, counts: tokens.map { _ in 1 }, outputs: Array(0..<count))
      let sampled = backend.argmax(try model.forward(input))
      backend.startReading(sampled)
      return sampled
    }
    // The first two are not repetitions.
    for _ in 0..<3 { _ = backend.ids(try pass()) }
    let start = ContinuousClock.now
    var latest = try pass()
    for _ in 1..<Self.generated {
      let next = try pass()
      _ = backend.ids(latest)
      latest = next
    }
    _ = backend.ids(latest)
    let time = seconds(since: start) / Double(Self.generated)
    try backend.throwIfFailed()
    say(
      "  \(count) sequences ahead of the host, \(backend.firstStepKernels) kernels first: "
        + "\(Double(count) / time) tokens/s")
  }

  private func profile(_ model: any LanguageModel, _ backend: CUDABackend, _ base: SequenceState) throws {
    for count in [8, 32] {
      let sequences = (0..<count).map { _ in base.fork() }, profile = CUDAProfile(backend)
      backend.profile = profile
      let input = ForwardInput(
        tokens: (0..<count).map { token($0 * 977, model) }, sequences: sequences,
        counts: sequences.map { _ in 1 }, outputs: Array(0..<count))
      _ = backend.ids(backend.argmax(try model.forward(input)))
      backend.profile = nil
      say("profile of a step of \(count) sequences behind \(base.length)")
      report(profile)
    }
    for count in [1, 32, 512] {
      let sequence = base.fork(), profile = CUDAProfile(backend)
      backend.profile = profile
      try prefill(model, backend, count, sequence)
      backend.profile = nil
      say("profile of \(count) tokens behind \(base.length)")
      report(profile)
    }
  }

  private func report(_ profile: CUDAProfile) {
    let totals = profile.totals(), sum = totals.reduce(0) { $0 + $1.milliseconds }
    say("  \(sum) ms in \(totals.reduce(0) { $0 + $1.launches }) kernels")
    for (kernel, launches, time) in totals.prefix(14) {
      say("  \(time) ms, \(launches) launches, \(time / Double(launches) * 1000) us each: \(kernel)")
    }
  }

  private func prefill(
    _ model: any LanguageModel, _ backend: CUDABackend, _ count: Int, _ sequence: SequenceState
  ) throws {
    for first in stride(from: 0, to: count, by: 512) {
      let tokens = (first..<min(first + 512, count)).map { token($0 * 7919 + 13, model) }
      let logits = try model.forward(ForwardInput(tokens: tokens, sequence: sequence))
      _ = backend.ids(backend.argmax(logits))
    }
    try backend.throwIfFailed()
  }

  private func token(_ i: Int, _ model: any LanguageModel) -> Int32 {
    Int32((i &* 104_729 &+ 7) % model.facts.vocabularyCount)
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    let parts = (ContinuousClock.now - start).components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }
}
