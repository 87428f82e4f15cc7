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
    /// Generated tokens of all requests per second while all of them generate.
    let generationRate: Double
    /// From the submission of all requests to the end of the last.
    let seconds: Double
    /// The same for requests one after another: the time of one alone, measured before and after, by their number.
    let inTurnSeconds: Double
    /// Processor seconds of all threads for the requests together, and in turn. Other programs affect them less.
    let processor, inTurnProcessor: Double
    /// Of a request that joins when all others generate.
    let joinTTFT: Double
    /// Of a request alone.
    let aloneTTFT: Double
    /// The median time to the first token of the requests that start together.
    let firstToken: Double
    /// A user's turn while all requests generate, from its submission to its end.
    let chat: Double
    /// The same turn alone.
    let aloneChat: Double

    /// The seconds between two tokens of one answer.
    var tokenTime: Double { generationRate > 0 ? Double(batch) / generationRate : 0 }
  }

  /// The number of turns that are measured with and without company; their medians count.
  private static let turns = 3

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
    let turn = turn(request((sizes.max() ?? 1) + 1))
    _ = try await time(generator, [turn])
    var rows: [Row] = []
    for size in sizes {
      note("\(size) requests together")
      let together = try await time(generator, (0..<size).map(request))
      let join = try await join(generator, (0..<size).map(request), request(size))
      let after = try await time(generator, [request(size)])
      let chat = try await chat(generator, (0..<size).map(request), turn, facts.contextLength)
      let read = together.firstTokens.max() ?? 0
      rows.append(
        Row(
          batch: size, promptRate: Double(size * prompt) / read,
          generationRate: together.generationRate,
          seconds: together.seconds, inTurnSeconds: Double(size) * (alone.seconds + after.seconds) / 2,
          processor: together.processor,
          inTurnProcessor: Double(size) * (alone.processor + after.processor) / 2, joinTTFT: join,
          aloneTTFT: (alone.firstTokens[0] + after.firstTokens[0]) / 2,
          firstToken: median(together.firstTokens), chat: chat.together, aloneChat: chat.alone))
      alone = after
    }
    return rows
  }

  /// Runs requests together.
  private func time(
    _ generator: Generator, _ requests: [GenerationRequest]
  ) async throws -> BatchTimes {
    let start = ContinuousClock.now, processor = BenchClock.processor.seconds
    let streams = requests.map { generator.generate(Self.key, $0) }
    let answers = try await withThrowingTaskGroup(of: (first: Double, tokens: [Double]).self) { group in
      for stream in streams {
        group.addTask {
          var first = 0.0, tokens: [Double] = []
          for await event in stream {
            switch event {
            case .token: tokens.append((ContinuousClock.now - start).seconds)
            case .done(let statistics): first = statistics.timeToFirstToken
            case .failed(let message): throw CommandError(message)
            case .prefill, .logProbabilities: break
            }
          }
          return (first, tokens)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    return BatchTimes(
      tokens: answers.map(\.tokens), firstTokens: answers.map(\.first),
      seconds: (ContinuousClock.now - start).seconds, processor: BenchClock.processor.seconds - processor)
  }

  /// The seconds to the first token of a request that joins others when all of them generate.
  private func join(
    _ generator: Generator, _ requests: [GenerationRequest], _ joining: GenerationRequest
  ) async throws -> Double {
    var joining = joining
    joining.maxTokens = 1
    return try await during(generator, requests) { try await time(generator, [joining]).firstTokens[0] }
  }

  /// The request as a user's turn, without proposals: their gain depends on the random tokens.
  private func turn(_ request: GenerationRequest) -> GenerationRequest {
    var request = request
    request.priority = .turn
    request.speculation = .off
    return request
  }

  /// The median seconds of a user's turn while requests generate, and alone: before, after, and before again.
  private func chat(
    _ generator: Generator, _ requests: [GenerationRequest], _ turn: GenerationRequest, _ context: Int
  ) async throws -> (together: Double, alone: Double) {
    // Long enough to generate before, between and after the turns.
    let requests = requests.map { request in
      var request = request
      request.maxTokens = min(max(generate, 64), context - prompt)
      return request
    }
    var alone: [Double] = [], together: [Double] = []
    for _ in 0..<Self.turns { alone.append(try await time(generator, [turn]).seconds) }
    try await during(generator, requests) {
      for _ in 0..<Self.turns { together.append(try await time(generator, [turn]).seconds) }
    }
    for _ in 0..<Self.turns { alone.append(try await time(generator, [turn]).seconds) }
    return (median(together), median(alone))
  }

  /// Performs an action when all of some requests generate; then they are cancelled.
  private func during<Result>(
    _ generator: Generator, _ requests: [GenerationRequest], _ action: () async throws -> Result
  ) async throws -> Result {
    let flag = CancellationFlag()
    let streams = requests.map { generator.generate(Self.key, $0, cancellation: flag) }
    for stream in streams {
      for await event in stream { if case .token = event { break } }
      // Leaving the loop does not cancel a request: the stream is held until all have ended.
    }
    let result = try await action()
    flag.cancel()
    for stream in streams { for await _ in stream {} }
    return result
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
            "in_turn_seconds": .number(row.inTurnSeconds), "cpu_seconds": .number(row.processor),
            "in_turn_cpu_seconds": .number(row.inTurnProcessor), "join_ttft_ms": .number(row.joinTTFT * 1000),
            "alone_ttft_ms": .number(row.aloneTTFT * 1000), "ttft_ms": .number(row.firstToken * 1000),
            "token_ms": .number(row.tokenTime * 1000), "chat_seconds": .number(row.chat),
            "chat_alone_seconds": .number(row.aloneChat),
          ]
        }),
    ]
  }

  func table(_ rows: [Row]) -> String {
    func table(_ titles: [String], _ cells: (Row) -> [(value: Double, format: String)]) -> String {
      func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 12 - text.count)) + text }
      let lines = rows.map { row in [String(row.batch)] + cells(row).map { String(format: $1, $0) } }
      return ([["requests"] + titles] + lines).map { $0.map(cell).joined() + "\n" }.joined()
    }
    return "\(name), \(threads) threads, prompts of \(prompt) and answers of \(generate) tokens\n"
      + table([
        "prompt t/s", "answers t/s", "first ms", "token ms", "seconds", "in turn", "less time", "less CPU",
      ]) {
        row in
        [
          (row.promptRate, "%.1f"), (row.generationRate, "%.1f"), (row.firstToken * 1000, "%.0f"),
          (row.tokenTime * 1000, "%.1f"), (row.seconds, "%.2f"), (row.inTurnSeconds, "%.2f"),
          ((1 - row.seconds / row.inTurnSeconds) * 100, "%.0f %%"),
          ((1 - row.processor / row.inTurnProcessor) * 100, "%.0f %%"),
        ]
      } + "one that joins when all generate, to its first token; a user's turn meanwhile, to its end\n"
      + table(["join ms", "alone ms", "times", "turn s", "alone s", "times"]) { row in
        [
          (row.joinTTFT * 1000, "%.0f"), (row.aloneTTFT * 1000, "%.0f"),
          (row.joinTTFT / row.aloneTTFT, "%.2f"),
          (row.chat, "%.2f"), (row.aloneChat, "%.2f"), (row.chat / row.aloneChat, "%.2f"),
        ]
      }
  }
}
