import Basics
import Foundation
import Generation

/// Measures requests that run together, against the same requests one after another.
struct BatchBench: Sendable {
  /// The results for one number of requests.
  struct Row: Sendable {
    let batch: Int
    /// Prompt tokens of all requests per second until the last of them has its first token.
    let promptRate: Double
    /// Generated tokens of all requests per second, from the first one on.
    let generationRate: Double
    /// From the submission of all requests to the end of the last.
    let seconds: Double
    /// The same for requests one after another: the time of one alone, measured before and after, by their number.
    let inTurnSeconds: Double
    /// Of a request that joins when all others generate.
    let joinTTFT: Double
    /// Of a request alone.
    let aloneTTFT: Double
  }

  let name: String
  let sizes: [Int]
  let prompt: Int
  let generate: Int
  let threads: Int
  let note: @Sendable (String) -> Void
  let make: @Sendable () throws -> sending LoadedModel

  private static let key = "model"

  func run() async throws -> [Row] {
    let generator = Generator(limits: GeneratorLimits(batch: (sizes.max() ?? 1) + 1))
    let facts = try await generator.load(Self.key, make)
    guard prompt + generate <= facts.contextLength else {
      throw CommandError("\(prompt + generate) tokens exceed the model's context of \(facts.contextLength)")
    }
    func request(_ index: Int) -> GenerationRequest {
      var random = SplitMix64(seed: UInt64(index))
      let tokens = (0..<prompt).map { _ in Int32.random(in: 0..<Int32(facts.vocabularyCount), using: &random)
      }
      var request = GenerationRequest(prompt: .tokens(tokens), sampling: .greedy, maxTokens: generate)
      request.priority = .batch
      request.isCold = true
      return request
    }
    // The first passes read the weights from disk.
    note("warming up")
    _ = try await time(generator, [request(0)])
    var alone = try await time(generator, [request(0)])
    var rows: [Row] = []
    for size in sizes {
      note("\(size) requests together")
      let together = try await time(generator, (0..<size).map(request))
      let join = try await join(generator, (0..<size).map(request), request(size))
      let after = try await time(generator, [request(size)])
      let start = together.firstTokens.min() ?? 0, read = together.firstTokens.max() ?? 0
      rows.append(
        Row(
          batch: size, promptRate: Double(size * prompt) / read,
          generationRate: Double(size * max(generate - 1, 0)) / max(together.seconds - start, 1e-9),
          seconds: together.seconds, inTurnSeconds: Double(size) * (alone.seconds + after.seconds) / 2,
          joinTTFT: join, aloneTTFT: (alone.firstTokens[0] + after.firstTokens[0]) / 2))
      alone = after
    }
    return rows
  }

  /// Runs requests together.
  /// - Returns: the seconds until the first token of each, and until the end of all.
  private func time(
    _ generator: Generator, _ requests: [GenerationRequest]
  ) async throws -> (firstTokens: [Double], seconds: Double) {
    let start = ContinuousClock.now
    let streams = requests.map { generator.generate(Self.key, $0) }
    var firstTokens: [Double] = []
    for stream in streams {
      for await event in stream {
        if case .done(let statistics) = event { firstTokens.append(statistics.timeToFirstToken) }
        if case .failed(let message) = event { throw CommandError(message) }
      }
    }
    return (firstTokens, (ContinuousClock.now - start).seconds)
  }

  /// The seconds to the first token of a request that joins others when all of them generate.
  private func join(
    _ generator: Generator, _ requests: [GenerationRequest], _ joining: GenerationRequest
  ) async throws -> Double {
    let flag = CancellationFlag()
    let streams = requests.map { generator.generate(Self.key, $0, cancellation: flag) }
    for stream in streams {
      for await event in stream { if case .token = event { break } }
      // Leaving the loop does not cancel a request: the stream is held until all have ended.
    }
    var joining = joining
    joining.maxTokens = 1
    let result = try await time(generator, [joining])
    flag.cancel()
    for stream in streams { for await _ in stream {} }
    return result.firstTokens[0]
  }

  func json(_ rows: [Row]) -> JSON {
    [
      "model": .string(name), "threads": .integer(threads), "prompt": .integer(prompt),
      "generate": .integer(generate),
      "batches": .array(
        rows.map { row in
          [
            "batch": .integer(row.batch), "prompt_tps": .number(row.promptRate),
            "generation_tps": .number(row.generationRate), "seconds": .number(row.seconds),
            "in_turn_seconds": .number(row.inTurnSeconds), "join_ttft_ms": .number(row.joinTTFT * 1000),
            "alone_ttft_ms": .number(row.aloneTTFT * 1000),
          ]
        }),
    ]
  }

  func table(_ rows: [Row]) -> String {
    func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 12 - text.count)) + text }
    let titles = [
      "requests", "prompt t/s", "answers t/s", "seconds", "in turn", "less time", "join ms", "alone ms",
    ]
    var text = "\(name), \(threads) threads, prompts of \(prompt) and answers of \(generate) tokens\n"
    text += titles.map(cell).joined() + "\n"
    for row in rows {
      let numbers = [
        (row.promptRate, "%.1f"), (row.generationRate, "%.1f"), (row.seconds, "%.2f"),
        (row.inTurnSeconds, "%.2f"),
        ((1 - row.seconds / row.inTurnSeconds) * 100, "%.0f %%"), (row.joinTTFT * 1000, "%.0f"),
        (row.aloneTTFT * 1000, "%.0f"),
      ]
      text += cell(String(row.batch)) + numbers.map { cell(String(format: $1, $0)) }.joined() + "\n"
    }
    return text
  }
}
