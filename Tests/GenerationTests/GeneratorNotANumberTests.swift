import Compute
import Generation
import Models
import Testing

/// A model whose output becomes NaN.
private final class OverflowingModel: LanguageModel, @unchecked Sendable {
  private let loaded: LoadedModel
  private var passesBefore: Int

  /// - Parameter passesBefore: the number of passes with valid output.
  init(_ loaded: LoadedModel, passesBefore: Int) {
    self.loaded = loaded
    self.passesBefore = passesBefore
  }

  var facts: ModelFacts { loaded.model.facts }
  func makeCaches() -> [any LayerCache] { loaded.model.makeCaches() }

  func forward(_ input: ForwardInput) throws -> Tensor {
    let logits = try loaded.model.forward(input)
    passesBefore -= 1
    guard passesBefore < 0 else { return logits }
    return loaded.backend.scaled(logits, by: .nan, softcap: nil)
  }
}

/// NaN output ends the request with an error: it does not become token 0, and its caches are not kept.
struct GeneratorNotANumberTests {
  @Test(arguments: [SamplingSettings.greedy, SamplingSettings(seed: 1)], [0, 1, 3])
  func theRequestFails(_ sampling: SamplingSettings, passesBefore: Int) async throws {
    let tiny = try #require(TinyModels.kinds.first { $0.architecture == "llama" })
    let generator = Generator()
    _ = try await generator.load("a") {
      let loaded = try tiny.load()
      return LoadedModel(
        model: OverflowingModel(loaded, passesBefore: passesBefore), tokenizer: nil, backend: loaded.backend,
        bytes: 0)
    }
    var tokens = 0
    var failure: String?
    let request = GenerationRequest(prompt: .tokens([1, 2, 3, 4]), sampling: sampling, maxTokens: 8)
    for await event in generator.generate("a", request) {
      switch event {
      case .prefill, .logProbabilities: break
      case .token: tokens += 1
      case .done: Issue.record("it was done")
      case .failed(let message): failure = message
      }
    }
    #expect(tokens == passesBefore)
    #expect(failure == GenerationError.notANumber(position: 4 + passesBefore).description)
    #expect(failure?.contains("not a number") == true)
    #expect(generator.cacheHoldings().models.isEmpty)
  }
}
