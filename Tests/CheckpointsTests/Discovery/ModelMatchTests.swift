import Checkpoints
import Testing

@Suite struct ModelMatchTests {
  static let names = [
    "SmolLM2-135M-Instruct.Q4_1", "gpt-oss-20b", "gpt-oss-120b", "org/Llama-3.2-1B",
    "other/llama-3.2-1B-4bit",
    "twin", "twin", "Case", "case",
  ]

  @Test(arguments: [
    ("gpt-oss-20b", ModelMatch.one(1)), ("GPT-OSS-20B", .one(1)), ("smol", .one(0)), ("q4_1", .one(0)),
    ("gpt", .several([1, 2])), ("oss-1", .one(2)), ("llama-3.2-1b", .one(3)), ("llama", .several([3, 4])),
    ("4bit", .one(4)), ("org/", .one(3)), ("twin", .several([5, 6])), ("Case", .one(7)), ("case", .one(8)),
    ("CASE", .several([7, 8])), ("none", .none), ("", .none),
  ])
  func finds(query: String, expected: ModelMatch) {
    #expect(ModelMatch.find(query, in: Self.names) == expected)
  }
}
