import Checkpoints
import TestSupport
import Testing

@Suite struct RecommendedSamplingTests {
  private func sampling(_ json: String?) throws -> RecommendedSampling {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    if let json { try folder.write("generation_config.json", json) }
    return try Checkpoint.open(folder.path).recommendedSampling
  }

  @Test func valuesOfGenerationConfig() throws {
    var expected = RecommendedSampling()
    expected.temperature = 0.6
    expected.topP = 0.95
    expected.topK = 20
    expected.repetitionPenalty = 1
    let json =
      #"{"temperature": 0.6, "top_p": 0.95, "top_k": 20, "repetition_penalty": 1, "eos_token_id": [1, 2]}"#
    #expect(try sampling(json) == expected)
    var others = RecommendedSampling()
    others.minP = 0.1
    #expect(try sampling(#"{"min_p": 0.1}"#) == others)
  }

  @Test(arguments: [
    nil, "{", "[]", "{}",
    #"{"temperature": -1, "top_p": 2, "top_k": -5, "min_p": "x", "repetition_penalty": 0}"#,
    #"{"temperature": null, "top_k": 1e300}"#,
  ])
  func wrongValuesRecommendNothing(_ json: String?) throws {
    #expect(try sampling(json) == RecommendedSampling())
  }
}
