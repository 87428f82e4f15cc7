import Generation
import Models
import Testing

/// Token ids beyond the model's embedding are errors, whatever their source.
struct ForeignTokenTests {
  private func failure(_ request: (ModelFacts) -> GenerationRequest, answerNow: Bool = false) async throws
    -> String?
  {
    let tiny = try #require(TinyModels.kinds.first { $0.architecture == "llama" })
    let generator = Generator()
    let facts = try await generator.load("a") { try tiny.load() }
    let flag = AnswerNowFlag()
    if answerNow { flag.request() }
    for await event in generator.generate("a", request(facts), answerNow: flag) {
      if case .failed(let message) = event { return message }
    }
    return nil
  }

  @Test(arguments: [-1, 0, Int32.max / 2] as [Int32])
  func promptsAreChecked(_ offset: Int32) async throws {
    let message = try await failure { facts in
      let foreign = offset < 0 ? offset : Int32(facts.vocabularyCount) + offset
      return GenerationRequest(prompt: .tokens([1, 2, foreign]), maxTokens: 1)
    }
    #expect(message?.contains("outside the model's vocabulary") == true)
  }

  /// The tokenizer of a model may have a closing tag that the model's embedding lacks.
  @Test(arguments: [0, Int32.max / 2] as [Int32])
  func tokensThatEndReasoningAreChecked(_ offset: Int32) async throws {
    let message = try await failure(
      { facts in
        let foreign = Int32(facts.vocabularyCount) + offset
        var request = GenerationRequest(prompt: .tokens([1, 2, 3]), maxTokens: 16)
        request.thoughtLimit = ThoughtLimit(
          start: .tokens([-1]), end: .tokens([-2]), startsInside: true, closing: [3, foreign, 4])
        return request
      }, answerNow: true)
    #expect(message?.contains("outside the model's vocabulary") == true)
  }
}
