import Basics
import Compute
import Generation
import Models
import Testing

struct DraftVocabularyTests {
  /// What is measured of a draft model that proposes from its whole vocabulary.
  struct Case: CustomTestStringConvertible {
    var name: String
    var headShare: Double
    var acceptance = 0.7
    var cost: Double
    /// The shares of the tokens in the first half and quarter.
    var half: Double
    var quarter: Double
    /// The part that is the fastest.
    var part: Double

    var testDescription: String { name }
  }

  // Worked out by hand for passes that grow by 0.08 with each row. For example, with 0.7 accepted and a cost of 0.23, two
  // proposals give 2.19 tokens in a duration of 1.62; with a head of 0.75 of the cost, those from a quarter cost 0.101
  // each, and three give 2.53 tokens in 1.54.
  private static let cases = [
    Case(name: "a large head, all covered", headShare: 0.75, cost: 0.23, half: 1, quarter: 1, part: 0.25),
    Case(
      name: "a large head, most covered", headShare: 0.75, cost: 0.23, half: 0.98, quarter: 0.93, part: 0.25),
    Case(name: "a large head, few covered", headShare: 0.75, cost: 0.23, half: 0.98, quarter: 0.8, part: 0.5),
    Case(name: "a large head, other text", headShare: 0.75, cost: 0.23, half: 0.5, quarter: 0.3, part: 1),
    Case(name: "a small head", headShare: 0.02, cost: 0.23, half: 1, quarter: 1, part: 1),
    Case(name: "a middle head, all covered", headShare: 0.3, cost: 0.15, half: 1, quarter: 0.9, part: 0.5),
    Case(name: "a middle head, most covered", headShare: 0.3, cost: 0.15, half: 0.9, quarter: 0.85, part: 1),
    Case(name: "a head that is computed as a whole", headShare: 0, cost: 0.23, half: 1, quarter: 1, part: 1),
    Case(name: "a draft that is free", headShare: 0.75, cost: 0.001, half: 0.97, quarter: 0.9, part: 1),
    Case(
      name: "a draft without any gain", headShare: 0.75, acceptance: 0.05, cost: 0.9, half: 1, quarter: 1,
      part: 1),
  ]

  @Test(arguments: cases) func theFastestPartIsChosen(_ test: Case) {
    var vocabulary = DraftVocabulary(count: 128_000, headShare: test.headShare)
    #expect(vocabulary.limit == nil)
    let ratio = { (rows: Int) in 1 + 0.08 * Double(rows - 1) }
    let coverage = [1, test.half, test.quarter], other = [1, 0.4, 0.1]
    let factor = vocabulary.choose(
      acceptance: test.acceptance, cost: test.cost, coverage: coverage, ratio: ratio)
    #expect(vocabulary.limit == (test.part < 1 ? Int(128_000 * test.part) : nil))
    #expect(abs(factor - (1 - (1 - test.part) * test.headShare)) < 1e-9)
    guard test.part < 1 else { return }
    // The choice stays, with what is measured then, until the text changes.
    let covered = test.part == 0.5 ? test.half : test.quarter
    let limit = vocabulary.limit
    #expect(
      vocabulary.choose(
        acceptance: test.acceptance * covered, cost: test.cost * factor, coverage: coverage, ratio: ratio)
        == 1)
    #expect(vocabulary.limit == limit)
    let share = test.part == 0.5 ? 0.4 : 0.1
    let back = vocabulary.choose(
      acceptance: test.acceptance * share, cost: test.cost * factor, coverage: other, ratio: ratio)
    #expect(vocabulary.limit == nil && abs(back * factor - 1) < 1e-9)
  }

  @Test func coverageIsThatOfTheLatestTokens() {
    let vocabulary = DraftVocabulary(count: 1000, headShare: 0.5)
    #expect(vocabulary.coverage(of: []) == [0, 0, 0])
    #expect(vocabulary.coverage(of: [0, 249, 250, 499, 500, 999, 999, 999]) == [1, 0.5, 0.25])
    let tokens = [Int32](repeating: 999, count: 5000) + [Int32](repeating: 3, count: 512)
    #expect(vocabulary.coverage(of: tokens) == [1, 1, 1])
  }

  /// The limited logits are the first of all, for heads of their own and for tied ones. The last rows of a matrix may be
  /// summed in another order.
  @Test(arguments: ["llama", "gpt_oss", "gemma3_text", "mamba2", "qwen3_moe"], [Precision.exact, .fast])
  func limitedLogitsAreTheFirst(_ architecture: String, _ precision: Precision) throws {
    let loaded = try TinyModels.named(architecture).load(precision)
    var random = SplitMix64(seed: 3)
    let tokens = loaded.tokens(9, &random)
    func logits(_ limit: Int?) throws -> Tensor {
      var input = ForwardInput(
        tokens: tokens, sequence: SequenceState(caches: loaded.model.makeCaches()), allLogits: true)
      input.vocabularyLimit = limit
      return try loaded.model.forward(input)
    }
    let all = try logits(nil)
    for limit in [3, 17, 50] {
      let some = try logits(limit)
      #expect(some.columns == limit && some.rows == all.rows)
      let first = loaded.backend.columns(all, 0..<limit)
      let difference = distance(loaded.backend.values(some), loaded.backend.values(first))
      #expect(difference < 1e-5, "\(limit)")
    }
    #expect(try logits(1 << 30).columns == all.columns)
  }
}
