import Generation
import Testing

struct SnapshotPlanTests {
  struct Case: Sendable {
    var name: String
    var reused = 0
    var count: Int
    var boundaries: [Int] = []
    var interval = 1024
    var expected: [Int]
  }

  @Test(arguments: [
    Case(name: "a short prompt", count: 300, expected: []),
    Case(name: "behind a system message", count: 700, boundaries: [500], expected: [500]),
    Case(name: "not for a few tokens", reused: 500, count: 545, boundaries: [505], expected: []),
    Case(
      name: "not where messages are close", count: 700, boundaries: [200, 230, 264], expected: [200, 264]),
    Case(name: "inside a long message", count: 2500, expected: [1024, 2048]),
    Case(name: "not shortly before the end", count: 1100, expected: [1024]),
    Case(name: "nor right at it", count: 1080, expected: []),
    Case(name: "from where reading begins", reused: 1000, count: 2500, expected: [2024]),
    Case(name: "both", count: 3000, boundaries: [40, 1500], expected: [1024, 1500, 2524]),
    Case(
      name: "what is reused has its states", reused: 900, count: 1000, boundaries: [100, 400], expected: []),
  ])
  func keepsStatesWhereTheySaveReading(_ example: Case) {
    let positions = SnapshotPlan.positions(
      reused: example.reused, count: example.count, boundaries: example.boundaries, interval: example.interval
    )
    #expect(positions == example.expected, "\(example.name)")
  }

  @Test func snapshotsOfAPromptTakeAnEighthOfTheBudget() {
    #expect(SnapshotPlan.interval(count: 5000, bytes: 1000, budget: 1 << 30) == 1024)
    #expect(SnapshotPlan.interval(count: 8000, bytes: 100, budget: 1600) == 4000, "two fit")
    #expect(SnapshotPlan.interval(count: 8000, bytes: 100, budget: 100) == 8000, "one must do")
  }
}
