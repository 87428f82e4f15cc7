import Basics
import Foundation
import Generation

/// `sotto bench --best N`: the time of N answers to one prompt, as `/best N` generates them, against that of one answer.
/// Every round has another prompt, so that each is prefilled once.
struct BestBench: Sendable {
  let name: String
  let count: Int
  let prompt: Int
  let generate: Int
  let repetitions: Int
  let threads: Int
  let note: @Sendable (String) -> Void
  let make: @Sendable () throws -> sending LoadedModel

  /// Medians in seconds.
  struct Result: Sendable {
    let one: Double
    let all: Double

    var ratio: Double { one > 0 ? all / one : 0 }
  }

  private static let key = "model"

  func run() async throws -> Result {
    let generator = Generator()
    let facts = try await generator.load(Self.key, make)
    guard prompt + generate <= facts.contextLength else {
      throw CommandError("\(prompt + generate) tokens exceed the model's context of \(facts.contextLength)")
    }
    note("warming up")
    _ = try await time(generator, 1, round: 0, facts.vocabularyCount)
    var one: [Double] = [], all: [Double] = []
    for round in 1...repetitions {
      note("round \(round) of \(repetitions)")
      one.append(try await time(generator, 1, round: 2 * round, facts.vocabularyCount))
      all.append(try await time(generator, count, round: 2 * round + 1, facts.vocabularyCount))
    }
    return Result(one: median(one), all: median(all))
  }

  /// The seconds until all answers to the prompt of a round have ended.
  private func time(
    _ generator: Generator, _ count: Int, round: Int, _ vocabulary: Int
  ) async throws -> Double {
    var random = SplitMix64(seed: UInt64(round))
    let tokens = (0..<prompt).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &random) }
    let start = ContinuousClock.now
    let streams = (0..<count).map { index in
      let sampling = SamplingSettings(temperature: 1, seed: UInt64(index))
      return generator.generate(
        Self.key, GenerationRequest(prompt: .tokens(tokens), sampling: sampling, maxTokens: generate))
    }
    for stream in streams {
      for await event in stream {
        if case .failed(let message) = event { throw CommandError(message) }
      }
    }
    return (ContinuousClock.now - start).seconds
  }

  func json(_ result: Result) -> JSON {
    [
      "model": .string(name), "threads": .integer(threads), "repeat": .integer(repetitions),
      "prompt": .integer(prompt), "generate": .integer(generate), "best": .integer(count),
      "one_seconds": .number(result.one), "all_seconds": .number(result.all), "ratio": .number(result.ratio),
    ]
  }

  func table(_ result: Result) -> String {
    String(
      format: "%d threads, prompt of %d and answers of %d tokens, medians of %d\n", threads, prompt, generate,
      repetitions)
      + String(
        format: "one answer %.2f s, %d answers %.2f s: %.2f times\n", result.one, count, result.all,
        result.ratio)
  }
}
