import Basics
import Compute
import Foundation
import Generation
import Models
import Testing

/// What an answer consists of besides its tokens does not depend on speculation: its text up to a stop string, the log
/// probabilities of its tokens, and the caches after it.
struct SpeculationOutputTests {
  /// How tokens are proposed.
  enum Source: CaseIterable { case none, lookup, draft, ownDraft }

  private struct Answer {
    var tokens: [Int32] = []
    var text = ""
    var scores: [TokenLogProbabilities] = []
    var statistics = GenerationStatistics()
  }

  /// A prompt of few different tokens with repetitions, so that look-ups have matches.
  private func prompt(_ model: LoadedModel, _ seed: UInt64) -> [Int32] {
    var random = SplitMix64(seed: seed)
    // The draft model may have a smaller vocabulary.
    let vocabulary = Int32(min(model.model.facts.vocabularyCount, 90))
    let words = (0..<4).map { _ in (0..<5).map { _ in Int32.random(in: 0..<vocabulary, using: &random) } }
    return (0..<12).flatMap { _ in words[Int.random(in: 0..<4, using: &random)] }
  }

  private func generator(_ tiny: TinyModels) async throws -> Generator {
    let generator = Generator()
    _ = try await generator.load("a") { try tiny.loadWithLetters() }
    let draft = try TinyModels.named("llama")
    _ = try await generator.load("draft") { try draft.load() }
    return generator
  }

  private func answer(
    _ generator: Generator, _ prompt: [Int32], _ source: Source, proposals: Int = 4, count: Int = 40,
    sampling: SamplingSettings = .greedy, stops: [String] = [], best: Int? = nil
  ) async -> Answer {
    var request = SchedulerFixture.request(prompt, count: count, sampling: sampling, priority: .turn)
    request.stopStrings = stops
    request.logProbabilities = best
    request.speculation.mode = source == .none ? .off : .fixed(proposals)
    request.speculation.usesLookup = source == .lookup
    request.speculation.draft = source == .draft ? "draft" : source == .ownDraft ? "a" : nil
    var answer = Answer()
    for await event in generator.generate("a", request) {
      switch event {
      case .logProbabilities(let token): answer.scores.append(token)
      case .token(let id, let text):
        if id >= 0 { answer.tokens.append(id) }
        answer.text += text
      case .done(let statistics): answer.statistics = statistics
      case .failed(let message): Issue.record("\(message)")
      case .prefill: break
      }
    }
    return answer
  }

  /// Attention, windows with experts, a recurrence, and a hybrid.
  @Test(arguments: ["llama", "gpt_oss", "mamba2", "falcon_h1"], Source.allCases)
  func stopStringsCutAtTheSamePlace(_ architecture: String, _ source: Source) async throws {
    let tiny = try TinyModels.named(architecture)
    let reference = try tiny.loadWithLetters()
    let prompt = prompt(reference, 1)
    let whole = await answer(try await generator(tiny), prompt, .none)
    let letters = Array(whole.text)
    #expect(whole.tokens == (try reference.coldAnswer(prompt, count: 40)) && letters.count >= 40)
    // Within one token or across several, at once or late, alone or with another one that never occurs.
    for (start, length, other) in [(0, 1, []), (17, 2, ["\u{7}"]), (25, 5, []), (30, 1, ["~~~~~~~"])] {
      let stop = String(letters[start..<start + length])
      let expected = whole.text.ranges(of: stop).first.map { String(whole.text[..<$0.lowerBound]) }
      for proposals in [1, 4, 9] {
        let generator = try await generator(tiny)
        let cut = await answer(generator, prompt, source, proposals: proposals, stops: [stop] + other)
        #expect(cut.text == expected, "\(stop)")
        #expect(cut.statistics.finishReason == .stop)
        #expect(cut.tokens == Array(whole.tokens.prefix(cut.tokens.count)))
        #expect(cut.statistics.generatedTokens == cut.tokens.count)
        // Tokens that were verified behind the stop string are not part of the conversation.
        let next = prompt + cut.tokens + [3, 1]
        let second = await answer(generator, next, source, proposals: proposals, count: 6)
        #expect(second.tokens == (try reference.coldAnswer(next, count: 6)))
        #expect(second.statistics.reusedTokens >= prompt.count - 1)
      }
    }
  }

  /// The probabilities are those of the model's logits, computed here in float64 from a cold start.
  @Test(arguments: ["llama", "gpt_oss", "mamba2"], Source.allCases)
  func logProbabilitiesAreThoseOfTheModel(_ architecture: String, _ source: Source) async throws {
    let tiny = try TinyModels.named(architecture)
    let reference = try tiny.load()
    let prompt = prompt(reference, 2)
    for sampling in [
      SamplingSettings.greedy,
      SamplingSettings(temperature: 0.7, topP: 0.9, topK: 30, minP: 0, repetitionPenalty: 1.1, seed: 5),
    ] {
      let found = await answer(
        try await generator(tiny), prompt, source, count: 24, sampling: sampling, best: 3)
      #expect(found.scores.map(\.token.token) == found.tokens && found.tokens.count == 24)
      let state = SequenceState(caches: reference.model.makeCaches())
      var logits = reference.backend.values(
        try reference.model.forward(ForwardInput(tokens: prompt, sequence: state)))
      for (id, score) in zip(found.tokens, found.scores) {
        let sum = logits.reduce(0.0) { $0 + Foundation.exp(Double($1)) }
        func expected(_ token: Int32) -> Double { Double(logits[Int(token)]) - Foundation.log(sum) }
        for entry in [score.token] + score.best {
          #expect(abs(Double(entry.logProbability) - expected(entry.token)) < 1e-3, "\(entry)")
        }
        #expect(score.best.count == 3)
        #expect(zip(score.best, score.best.dropFirst()).allSatisfy { $0.logProbability >= $1.logProbability })
        let largest = logits.indices.max { logits[$0] < logits[$1] }
        #expect(score.best.first.map { Int($0.token) } == largest)
        logits = reference.backend.values(
          try reference.model.forward(ForwardInput(tokens: [id], sequence: state)))
      }
      // Look-ups need not have a match, and the small draft model lacks some tokens.
      let drafted = found.statistics.draftedTokens
      #expect(source != .none || drafted == 0)
      #expect(source != .ownDraft || drafted > 0)
    }
  }

  /// Several answers at once, and requests that want none.
  @Test func onlyThoseThatWantThemHaveThem() async throws {
    let tiny = try TinyModels.named("llama")
    let fixture = try await SchedulerFixture(tiny)
    let reference = try tiny.load()
    var requests = (0..<3).map { SchedulerFixture.request(prompt(reference, UInt64($0)), count: 8) }
    requests[1].logProbabilities = 0
    var scores = [0, 0, 0]
    let streams = requests.map { fixture.generator.generate("a", $0) }
    for (index, stream) in streams.enumerated() {
      for await event in stream {
        guard case .logProbabilities(let token) = event else { continue }
        scores[index] += 1
        #expect(token.best.isEmpty && token.token.logProbability <= 0)
      }
    }
    #expect(scores == [0, 8, 0])
  }
}
