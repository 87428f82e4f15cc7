import Generation
import Testing

struct ThoughtWatchTests {
  private static let limit = ThoughtLimit(thoughtStart: [], answerStart: [7, 8], closing: [1, 2])

  /// Feeds tokens, those put in included; gives all that the sequence then holds.
  private func run(_ limit: ThoughtLimit, room: Int, _ tokens: [Int32]) -> [Int32] {
    var watch = ThoughtWatch(limit, room: room)
    var out: [Int32] = []
    for token in tokens {
      out.append(token)
      out += watch.note(token)
    }
    return out
  }

  @Test func thoughtsEndWhenTheirShareIsUsed() {
    let tokens = [Int32](repeating: 5, count: 20)
    let out = run(Self.limit, room: 16, tokens)
    #expect(out == Array(tokens[..<12]) + [1, 2] + Array(tokens[12...]), "three quarters of 16, once")
  }

  @Test func anAnswerThatHasBegunIsLeftAlone() {
    let tokens: [Int32] = [5, 5, 7, 8] + Array(repeating: 5, count: 40)
    #expect(run(Self.limit, room: 16, tokens) == tokens)
  }

  @Test func outputWithoutThoughtsIsLeftAlone() {
    let limit = ThoughtLimit(thoughtStart: [9], answerStart: [7], closing: [1])
    let plain = [Int32](repeating: 5, count: 40)
    #expect(run(limit, room: 16, plain) == plain)
    let thinking: [Int32] = [9] + plain
    #expect(run(limit, room: 16, thinking).count == thinking.count + 1)
  }

  @Test(arguments: [(8, 6), (100, 75), (4096, 3072), (100_000, 98_976)])
  func aQuarterOrAThousandTokensRemainForTheAnswer(_ room: Int, _ share: Int) {
    #expect(ThoughtLimit.share(of: room) == share)
  }
}
