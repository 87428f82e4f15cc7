import Generation
import Testing

struct ThoughtWatchTests {
  private static let inTokens = ThoughtLimit(
    start: .tokens([7, 8]), end: .tokens([9]), startsInside: true, closing: [1, 2])
  private static let inText = ThoughtLimit(start: .text("<think>"), end: .text("</think>"), closing: [1, 2])

  /// Feeds tokens whose text is one letter each; returns all tokens of the sequence.
  private func run(
    _ limit: ThoughtLimit, room: Int, _ tokens: [Int32], wantsAnswerFrom: Int = .max
  ) -> [Int32] {
    var watch = ThoughtWatch(limit, room: room)
    var out: [Int32] = []
    for (index, token) in tokens.enumerated() {
      out.append(token)
      out += watch.note(token, text: "x", wantsAnswer: index >= wantsAnswerFrom)
    }
    return out
  }

  @Test func reasoningEndsWhenItsShareIsUsed() {
    let tokens = [Int32](repeating: 5, count: 20)
    let out = run(Self.inTokens, room: 16, tokens)
    #expect(out == Array(tokens[..<12]) + [1, 2] + Array(tokens[12...]), "three quarters of 16, once")
  }

  @Test func anAnswerThatHasStartedIsNotChanged() {
    let tokens: [Int32] = [5, 5, 9, 8] + Array(repeating: 5, count: 40)
    #expect(run(Self.inTokens, room: 16, tokens) == tokens)
    #expect(run(Self.inTokens, room: 16, tokens, wantsAnswerFrom: 3) == tokens)
  }

  @Test func outputWithoutReasoningIsNotChanged() {
    var limit = Self.inTokens
    limit.startsInside = false
    let plain = [Int32](repeating: 5, count: 40)
    #expect(run(limit, room: 16, plain) == plain)
    #expect(run(limit, room: 16, plain, wantsAnswerFrom: 0) == plain)
    let thinking: [Int32] = [7, 8] + plain
    #expect(run(limit, room: 16, thinking).count == thinking.count + 2)
  }

  @Test func reasoningEndsOnRequest() {
    let tokens = [Int32](repeating: 5, count: 6)
    #expect(
      run(Self.inTokens, room: 1000, tokens, wantsAnswerFrom: 2) == [5, 5, 5, 1, 2, 5, 5, 5], "once, at once")
    // Between two thoughts, where something would be torn apart, it waits for the second.
    let twice: [Int32] = [5, 9, 6, 7, 8, 5, 5]
    #expect(run(Self.inTokens, room: 1000, twice, wantsAnswerFrom: 2) == [5, 9, 6, 7, 8, 1, 2, 5, 5])
  }

  /// For every split of the tags into tokens.
  @Test(arguments: [
    (["<think>", "a", "b"], [0]), (["<", "thi", "nk>\na", "b"], [2]), (["x<think>a</think>b", "c"], []),
    (["<think>a", "</thi", "nk>\n", "b"], [0]), (["</think>", "<think>", "a"], []),
    (["\n", " <think>", "a"], [1]), (["Use <think>", " and", " so"], []), (["a", "b"], []),
    (["<think>a</think>b<think>", "c"], []), (["<think>a</think>\n<think>b", "c"], [0]),
  ])
  func tagsAreFoundInTheText(_ pieces: [String], _ closings: [Int]) {
    var found: [Int] = []
    var watch = ThoughtWatch(Self.inText, room: 1000)
    for (index, piece) in pieces.enumerated()
    where !watch.note(Int32(index), text: piece, wantsAnswer: true).isEmpty {
      found.append(index)
    }
    #expect(found == closings)
  }

  @Test(arguments: [(8, 6), (100, 75), (4096, 3072), (100_000, 98_976)])
  func aQuarterOrAThousandTokensRemainForTheAnswer(_ room: Int, _ share: Int) {
    #expect(ThoughtLimit.share(of: room) == share)
  }
}
