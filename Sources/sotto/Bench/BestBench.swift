import Basics
import Foundation
import Generation
import LocalEngine

/// `sotto bench --best N`: the time of N answers to one prompt, as `/best N` generates them, against that of one answer.
/// Every round has another prompt, so that each is prefilled once. Answers of a model are prose, since repetitive ones
/// measure look-ups only; those of a synthetic shape follow any tokens.
struct BestBench: Sendable {
  let name: String
  let count: Int
  /// The number of tokens of a prompt of a synthetic shape.
  let prompt: Int
  /// The model whose chat template and tokenizer make the prompts; nil for a synthetic shape.
  let opened: OpenedModel?
  let generate: Int
  let repetitions: Int
  let threads: Int
  let note: @Sendable (String) -> Void
  let make: @Sendable () throws -> sending LoadedModel

  /// Medians in seconds, and the tokens that look-ups have added to the answers of all rounds.
  struct Result: Sendable {
    let one: Double
    let all: Double
    let oneAccepted: Int
    let allAccepted: Int

    var ratio: Double { one > 0 ? all / one : 0 }
  }

  private static let subjects = [
    "a baker who finds a map in an old flour sack", "two sisters who repair a boat",
    "a teacher on a small island",
    "the last winter of a mountain village", "a clock that runs backwards", "a dog that waits at a station",
  ]

  private static let key = "model"

  func run() async throws -> Result {
    let generator = Generator()
    let facts = try await generator.load(Self.key, make)
    guard opened != nil || prompt + generate <= facts.contextLength else {
      throw CommandError("\(prompt + generate) tokens exceed the model's context of \(facts.contextLength)")
    }
    note("warming up")
    _ = try await time(generator, 1, round: 0, facts.vocabularyCount)
    var one: [(seconds: Double, accepted: Int)] = [], all = one
    for round in 1...repetitions {
      note("round \(round) of \(repetitions)")
      one.append(try await time(generator, 1, round: 2 * round, facts.vocabularyCount))
      all.append(try await time(generator, count, round: 2 * round + 1, facts.vocabularyCount))
    }
    return Result(
      one: median(one.map(\.seconds)), all: median(all.map(\.seconds)),
      oneAccepted: one.reduce(0) { $0 + $1.accepted }, allAccepted: all.reduce(0) { $0 + $1.accepted })
  }

  private func prompt(of round: Int, _ vocabulary: Int) throws -> Prompt {
    guard let opened else {
      var random = SplitMix64(seed: UInt64(round))
      return .tokens((0..<prompt).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &random) })
    }
    let subject = Self.subjects[round / 2 % Self.subjects.count]
    // The number comes first: the rounds share no prefix that is worth keeping.
    let text = "Story number \(round): write a long story about \(subject). Describe people and places."
    return try opened.turn(text, system: nil, raw: false).prompt
  }

  /// The seconds until all answers to the prompt of a round have ended, and the accepted tokens.
  private func time(
    _ generator: Generator, _ count: Int, round: Int, _ vocabulary: Int
  ) async throws -> (seconds: Double, accepted: Int) {
    let prompt = try prompt(of: round, vocabulary)
    // All answers have the same length.
    let ends = opened?.tokenizer.endOfGenerationTokens ?? []
    let start = ContinuousClock.now
    let streams = (0..<count).map { index in
      var sampling = SamplingSettings(temperature: opened == nil ? 1 : 0.7, seed: UInt64(index))
      for id in ends { sampling.logitBias[id] = -100 }
      return generator.generate(
        Self.key, GenerationRequest(prompt: prompt, sampling: sampling, maxTokens: generate))
    }
    var accepted = 0
    for stream in streams {
      for await event in stream {
        if case .failed(let message) = event { throw CommandError(message) }
        if case .done(let statistics) = event { accepted += statistics.acceptedTokens }
      }
    }
    return ((ContinuousClock.now - start).seconds, accepted)
  }

  func json(_ result: Result) -> JSON {
    [
      "model": .string(name), "threads": .integer(threads), "repeat": .integer(repetitions),
      "prompt": .integer(prompt), "generate": .integer(generate), "best": .integer(count),
      "one_seconds": .number(result.one), "all_seconds": .number(result.all), "ratio": .number(result.ratio),
      "one_accepted_tokens": .integer(result.oneAccepted),
      "all_accepted_tokens": .integer(result.allAccepted),
    ]
  }

  func table(_ result: Result) -> String {
    String(
      format: "%d threads, answers of %d tokens, medians of %d\n", threads, generate, repetitions)
      + String(
        format: "one answer %.2f s, %d answers %.2f s: %.2f times\n", result.one, count, result.all,
        result.ratio)
      + String(
        format: "tokens by look-up: %d of one answer's, %d of all (all rounds)\n", result.oneAccepted,
        result.allAccepted)
  }
}
