import Basics
import Compute
import Foundation
import Generation
import LocalEngine
import Models

/// `sotto bench --lookup` and `--draft`: the speed of answers with speculative decoding against that without it, in
/// turn. The cache is bypassed, and seeds are fixed, so that both generate the same.
struct SpeculationBench: Sendable {
  /// A request to measure.
  struct Work: Sendable {
    let name: String
    let prompt: Prompt
    var stopStrings: [String] = []
    var sampling = SamplingSettings.greedy
  }

  /// The results for one request: medians of tokens per second, and counts of the last round.
  struct Row: Sendable {
    let name: String
    let plain: Double
    let speculative: Double
    /// Processor time per token relative to that without speculation: the medians, plain by speculative. Other
    /// programs affect it less.
    let processorRatio: Double
    let tokens: Int
    let drafted: Int
    let accepted: Int
    /// Whether the answers of all rounds are equal.
    let isSame: Bool

    var ratio: Double { plain > 0 ? speculative / plain : 0 }
  }

  let name: String
  let works: [Work]
  let generate: Int
  let repetitions: Int
  let threads: Int
  /// With what to compare.
  let speculation: SpeculationSettings
  let note: @Sendable (String) -> Void
  let make: @Sendable () throws -> sending LoadedModel
  /// Makes the draft model; nil for look-up only.
  let makeDraft: (@Sendable () throws -> sending LoadedModel)?

  static let draftKey = "draft"
  private static let key = "model"

  func run() async throws -> [Row] {
    let generator = Generator()
    _ = try await generator.load(Self.key, make)
    if let makeDraft { _ = try await generator.load(Self.draftKey, makeDraft) }
    var rows: [Row] = []
    for work in works {
      // The first answer reads the weights from disk.
      note("warming up: \(work.name)")
      _ = try await answer(generator, work, speculation)
      var plain: [Double] = [], ahead: [Double] = [], plainTimes: [Double] = [], aheadTimes: [Double] = []
      var answers: Set<[Int32]> = []
      var latest = GenerationStatistics()
      for round in 1...repetitions {
        note("\(work.name), round \(round) of \(repetitions)")
        // In another order every round, so that neither has the warmer machine.
        for isPlain in round % 2 == 1 ? [true, false] : [false, true] {
          let (tokens, statistics, processor) = try await answer(
            generator, work, isPlain ? .off : speculation)
          let time = processor / Double(max(statistics.generatedTokens - 1, 1))
          answers.insert(tokens)
          if isPlain {
            plain.append(statistics.generationRate)
            plainTimes.append(time)
          } else {
            ahead.append(statistics.generationRate)
            aheadTimes.append(time)
            latest = statistics
          }
        }
      }
      rows.append(
        Row(
          name: work.name, plain: median(plain), speculative: median(ahead),
          processorRatio: median(plainTimes) / max(median(aheadTimes), 1e-9), tokens: latest.generatedTokens,
          drafted: latest.draftedTokens, accepted: latest.acceptedTokens, isSame: answers.count == 1))
    }
    return rows
  }

  /// - Returns: the answer, and the processor's seconds from its first token on.
  private func answer(
    _ generator: Generator, _ work: Work, _ speculation: SpeculationSettings
  ) async throws -> (tokens: [Int32], statistics: GenerationStatistics, processor: Double) {
    var request = GenerationRequest(
      prompt: work.prompt, sampling: work.sampling, maxTokens: generate, stopStrings: work.stopStrings)
    request.isCold = true
    request.speculation = speculation
    var tokens: [Int32] = [], start: Double?
    for await event in generator.generate(Self.key, request) {
      switch event {
      case .prefill, .logProbabilities: break
      case .token(let id, _):
        tokens.append(id)
        start = start ?? BenchClock.processor.seconds
      case .done(let statistics):
        let now = BenchClock.processor.seconds
        return (tokens, statistics, now - (start ?? now))
      case .failed(let message): throw CommandError(message)
      }
    }
    throw CommandError("the answer did not end")
  }

  func json(_ rows: [Row]) -> JSON {
    [
      "model": .string(name), "threads": .integer(threads), "repeat": .integer(repetitions),
      "speculation": .array(
        rows.map { row in
          [
            "task": .string(row.name), "generated_tokens": .integer(row.tokens),
            "plain_tps": .number(row.plain),
            "speculative_tps": .number(row.speculative), "ratio": .number(row.ratio),
            "cpu_ratio": .number(row.processorRatio),
            "drafted_tokens": .integer(row.drafted), "accepted_tokens": .integer(row.accepted),
            "same_answer": .bool(row.isSame),
          ]
        }),
    ]
  }

  func table(_ rows: [Row]) -> String {
    func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 12 - text.count)) + text }
    var text = "\(name), \(threads) threads, medians of \(repetitions)\n"
    let titles = [
      "task", "tokens", "plain t/s", "ahead t/s", "ratio", "CPU ratio", "drafted", "accepted", "same answer",
    ]
    text += titles.map(cell).joined() + "\n"
    for row in rows {
      let cells = [
        row.name, String(row.tokens), String(format: "%.1f", row.plain),
        String(format: "%.1f", row.speculative),
        String(format: "%.2f", row.ratio), String(format: "%.2f", row.processorRatio), String(row.drafted),
        String(row.accepted),
        row.isSame ? "yes" : "no",
      ]
      text += cells.map(cell).joined() + "\n"
    }
    return text
  }
}
