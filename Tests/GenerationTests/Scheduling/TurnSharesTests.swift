import Generation
import Testing

/// The division of time between models with turns.
struct TurnSharesTests {
  /// The models of a number of steps, with their durations.
  private func steps(_ shares: inout TurnShares, _ count: Int, _ durations: [(key: String, seconds: Double)])
    -> [String]
  {
    (0..<count).map { _ in
      let key = shares.next(of: durations.map(\.key)) ?? ""
      shares.note(key, seconds: durations.first { $0.key == key }?.seconds ?? 0)
      return key
    }
  }

  @Test func equalStepsAlternate() {
    var shares = TurnShares()
    #expect(steps(&shares, 6, [("a", 1), ("b", 1)]).joined() == "ababab")
  }

  /// A slow model does not slow a fast one down to its own number of steps.
  @Test func theTimeIsSharedAndNotTheSteps() {
    var shares = TurnShares()
    let keys = steps(&shares, 110, [("slow", 1), ("fast", 0.1)])
    #expect(keys.count { $0 == "slow" } == 10)
    // Between two steps of the slow model, the fast one has at most as much time.
    let rests = keys.split(separator: "slow", omittingEmptySubsequences: true).map(\.count)
    #expect(rests.allSatisfy { (9...11).contains($0) }, "\(rests)")
  }

  /// A model that joins does not get the time that others had before, and need not wait for it either.
  @Test func aModelThatJoinsStartsWithTheLeast() {
    var shares = TurnShares()
    #expect(steps(&shares, 100, [("a", 1)]).allSatisfy { $0 == "a" })
    #expect(steps(&shares, 5, [("a", 1), ("b", 1)]).joined() == "ababa")
    // One that has left is forgotten.
    #expect(steps(&shares, 20, [("b", 1)]).allSatisfy { $0 == "b" })
    #expect(steps(&shares, 4, [("a", 1), ("b", 1)]).joined() == "abab")
  }

  @Test func withoutTurnsThereIsNone() {
    var shares = TurnShares()
    #expect(shares.next(of: []) == nil)
  }
}
