import Basics
import Generation
import Testing

/// The decisions on a simulated machine, whose passes take a known time.
struct SpeculationPolicyTests {
  /// A machine and a text.
  struct Case: CustomTestStringConvertible {
    var name: String
    /// The growth of a pass's duration per row.
    var growth: Double
    /// The probability that a look-up has a match, and that a token of it is accepted.
    var matches: Double
    var accepted: Double
    /// The bounds of the speed, relative to that without speculation.
    var speed: ClosedRange<Double>

    var testDescription: String { name }
  }

  private static let cases = [
    Case(name: "repeated text", growth: 0.05, matches: 0.98, accepted: 0.97, speed: 5...15),
    Case(name: "repeated text, slow passes", growth: 0.4, matches: 0.98, accepted: 0.97, speed: 1.2...3),
    Case(name: "prose", growth: 0.15, matches: 0.2, accepted: 0.2, speed: 0.98...1.1),
    Case(name: "prose, slow passes", growth: 0.9, matches: 0.3, accepted: 0.3, speed: 0.98...1.05),
    Case(name: "misleading matches", growth: 0.5, matches: 1, accepted: 0, speed: 0.98...1),
    Case(name: "passes without any advantage", growth: 1, matches: 1, accepted: 0.9, speed: 0.98...1.01),
  ]

  /// The speed over `count` tokens.
  private func speed(_ test: Case, count: Int, noise: Double, seed: UInt64) -> Double {
    var random = SplitMix64(seed: seed)
    var policy = SpeculationPolicy(costs: PassCosts())
    var tokens = 0, time = 0.0, match = 4
    func duration(_ rows: Int) -> Double {
      (1 + test.growth * Double(rows - 1)) * (1 + noise * (random.uniform() - 0.5))
    }
    while tokens < count {
      guard random.uniform() < test.matches else {
        let seconds = duration(1)
        policy.notePlain(rows: 1, seconds: seconds)
        (tokens, time, match) = (tokens + 1, time + seconds, 3)
        continue
      }
      let source = Acceptance.Source.lookup(match: match)
      let proposed = policy.decide(.init(source, limit: 100)).count
      let seconds = duration(1 + proposed)
      var accepted = 0
      while accepted < max(proposed, 1), random.uniform() < test.accepted { accepted += 1 }
      if proposed > 0 {
        policy.note(source, accepted: accepted, of: proposed, seconds: seconds)
        tokens += accepted + 1
      } else {
        policy.notePlain(rows: 1, seconds: seconds)
        policy.compare(source, isHit: accepted > 0)
        tokens += 1
      }
      match = accepted < max(proposed, 1) ? 3 : min(match + accepted + 1, 32)
      time += seconds
    }
    return Double(tokens) / time
  }

  @Test(arguments: cases) func speculationPaysOrStops(_ test: Case) {
    for seed in 1...5 as ClosedRange<UInt64> {
      let steady = speed(test, count: 1000, noise: 0, seed: seed)
      #expect(test.speed.contains(steady), "\(steady)")
      let noisy = speed(test, count: 1000, noise: 0.1, seed: seed)
      #expect(noisy > test.speed.lowerBound * 0.98 && noisy < test.speed.upperBound * 1.02, "\(noisy)")
    }
  }

  @Test func nothingIsProposedBeforeAPassWasMeasured() {
    let costs = PassCosts()
    let policy = SpeculationPolicy(costs: costs)
    #expect(policy.decide(.init(.lookup(match: 32), limit: 8)).count == 0)
    costs.note(rows: 1, seconds: 1)
    #expect(policy.decide(.init(.lookup(match: 32), limit: 8)).count > 0)
    #expect(policy.decide(.init(.lookup(match: 32), limit: 2)).count <= 2)
    #expect(policy.decide(.init(.lookup(match: 32), limit: 0)).count == 0)
  }

  /// The rows of other answers make a pass longer, so that proposals for one of them gain less.
  @Test func companyLessensTheGain() {
    let costs = PassCosts()
    for _ in 0..<20 {
      for rows in 1...12 { costs.note(rows: rows, seconds: 1 + 0.1 * Double(rows - 1)) }
    }
    let policy = SpeculationPolicy(costs: costs)
    let prospect = SpeculationPolicy.Prospect(.lookup(match: 32), limit: 4)
    let alone = policy.decide(prospect), two = policy.decide(prospect, in: .init(rows: 2))
    let eight = policy.decide(prospect, in: .init(rows: 8))
    #expect(alone.gain > two.gain && two.gain > eight.gain && alone.count == 4)
    #expect(policy.decide(prospect, in: .init(rows: PassCosts.mostRows)).count == 0)
  }

  /// What a shared pass saves or loses is divided among the answers by their proposals.
  @Test func lossesOfSharedPassesEndProposals() {
    let costs = PassCosts()
    for _ in 0..<20 {
      for rows in 1...12 { costs.note(rows: rows, seconds: 1 + 0.3 * Double(rows - 1)) }
    }
    var policy = SpeculationPolicy(costs: costs)
    let source = Acceptance.Source.lookup(match: 32), company = SpeculationPolicy.Company(rows: 4)
    let prospect = SpeculationPolicy.Prospect(source, limit: 4)
    var passes = 0
    while policy.decide(prospect, in: company).count > 0, passes < 100 {
      policy.note(
        source, accepted: 0, of: 4,
        in: .init(answers: 4, proposals: 4, rows: 8, seconds: 3.1))
      passes += 1
    }
    #expect(passes < 5)
  }

  @Test func proposingAndRepeatingCost() {
    let costs = PassCosts()
    costs.note(rows: 1, seconds: 1)
    let policy = SpeculationPolicy(costs: costs)
    let free = policy.decide(.init(.draft, limit: 8))
    #expect(policy.decide(.init(.draft, limit: 8, cost: 0.1)).gain < free.gain)
    #expect(policy.decide(.init(.draft, limit: 8, repeats: true)).gain < free.gain)
    #expect(policy.decide(.init(.draft, limit: 8, cost: 1)).count == 0)
  }

  @Test func durationsAreInterpolated() {
    let costs = PassCosts()
    for _ in 0..<50 {
      costs.note(rows: 1, seconds: 2)
      costs.note(rows: 5, seconds: 4)
      costs.note(rows: 9, seconds: 8)
    }
    #expect(costs.ratio(rows: 1) == 1)
    #expect((1.4...1.6).contains(costs.ratio(rows: 3)))
    #expect((2.8...3.2).contains(costs.ratio(rows: 7)))
    #expect((5.5...7).contains(costs.ratio(rows: 17)))
  }
}
