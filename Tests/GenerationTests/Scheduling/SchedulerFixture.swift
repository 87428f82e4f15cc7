import Basics
import Generation
import Synchronization
import Testing

/// A generator with a small model whose passes are recorded.
struct SchedulerFixture {
  let generator: Generator
  let model: ObservedModel

  init(_ tiny: TinyModels, limits: GeneratorLimits = GeneratorLimits(), failsOn bad: Int32? = nil)
    async throws
  {
    generator = Generator(limits: limits)
    let made = Mutex<ObservedModel?>(nil)
    _ = try await generator.load("a") {
      let loaded = try tiny.load()
      let observed = ObservedModel(loaded, failsOn: bad)
      made.withLock { $0 = observed }
      return LoadedModel(model: observed, tokenizer: nil, backend: loaded.backend, bytes: loaded.bytes)
    }
    model = try #require(made.withLock { $0 })
  }

  /// The answer to a request.
  struct Answer: Equatable {
    var tokens: [Int32] = []
    var reused = 0
    var reason: FinishReason?
    var failure: String?
  }

  static func answer(_ events: AsyncStream<GenerationEvent>) async -> Answer {
    var answer = Answer()
    for await event in events {
      switch event {
      case .token(let id, _) where id >= 0: answer.tokens.append(id)
      case .done(let statistics):
        (answer.reused, answer.reason) = (statistics.reusedTokens, statistics.finishReason)
      case .failed(let message): answer.failure = message
      default: break
      }
    }
    return answer
  }

  /// The answers to requests that are submitted together.
  func answers(_ requests: [GenerationRequest]) async -> [Answer] {
    let streams = requests.map { generator.generate("a", $0) }
    var answers: [Answer] = []
    for stream in streams { answers.append(await Self.answer(stream)) }
    return answers
  }

  /// The answers of a new generator to requests that are submitted together.
  static func answers(
    _ tiny: TinyModels, _ requests: [GenerationRequest], limits: GeneratorLimits = GeneratorLimits(),
    failsOn bad: Int32? = nil
  ) async throws -> [Answer] {
    let fixture = try await SchedulerFixture(tiny, limits: limits, failsOn: bad)
    return await fixture.answers(requests)
  }

  static func request(
    _ prompt: [Int32], count: Int, sampling: SamplingSettings = .greedy,
    priority: GenerationRequest.Priority = .batch
  ) -> GenerationRequest {
    var request = GenerationRequest(prompt: .tokens(prompt), sampling: sampling, maxTokens: count)
    request.priority = priority
    return request
  }
}

extension TinyModels {
  static func named(_ architecture: String) throws -> TinyModels {
    try #require(kinds.first { $0.architecture == architecture })
  }
}

extension Generator {
  /// The tokens and the statistics of one answer; a failure is an issue of the test.
  func answer(
    _ key: String, _ request: GenerationRequest
  ) async -> (tokens: [Int32], statistics: GenerationStatistics) {
    var tokens: [Int32] = [], statistics = GenerationStatistics()
    for await event in generate(key, request) {
      switch event {
      case .token(let id, _) where id >= 0: tokens.append(id)
      case .done(let done): statistics = done
      case .failed(let message): Issue.record("\(message)")
      default: break
      }
    }
    return (tokens, statistics)
  }
}
