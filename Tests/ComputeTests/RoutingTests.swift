import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct RoutingTests {
    struct Case: CustomStringConvertible, Sendable {
      var experts: Int
      var count: Int
      var scoring: RoutingSettings.Scoring
      var normalises = false
      var corrects = false
      var groups = 1
      var keptGroups = 1
      var groupScore = RoutingSettings.GroupScore.twoBest
      var description: String {
        "\(count) of \(experts) by \(scoring), normalises \(normalises), \(keptGroups) of \(groups) groups"
      }
    }
    static let cases: [Case] = [
      Case(experts: 32, count: 4, scoring: .softmaxOverChosen),
      Case(experts: 5, count: 2, scoring: .softmaxOverChosen),
      Case(experts: 128, count: 8, scoring: .softmax, normalises: true),
      Case(experts: 60, count: 4, scoring: .softmax),
      Case(experts: 512, count: 10, scoring: .softmax, normalises: true),
      Case(
        experts: 256, count: 8, scoring: .sigmoid, normalises: true, corrects: true, groups: 8, keptGroups: 4),
      Case(experts: 12, count: 3, scoring: .sigmoid, corrects: true, groups: 4, keptGroups: 2),
      Case(experts: 7, count: 7, scoring: .sigmoid, corrects: true),
      Case(experts: 160, count: 6, scoring: .softmax, groups: 8, keptGroups: 3, groupScore: .best),
      Case(experts: 6, count: 3, scoring: .softmax, groups: 6, keptGroups: 4, groupScore: .best),
      Case(experts: 16, count: 2, scoring: .sparseMixer(jitter: 0.01)),
      Case(experts: 6, count: 2, scoring: .sparseMixer(jitter: 0.4)),
    ]

    @Test(arguments: cases) func choicesFollowTheDefinition(test: Case) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      for rows in [1, 3, 100] {
        var random = SplitMix64(seed: test.experts + rows)
        let logits = random.normals(rows * test.experts, times: 3)
        let correction = test.corrects ? random.normals(test.experts, times: 0.3) : nil
        var settings = RoutingSettings(
          count: test.count, scoring: test.scoring, normalises: test.normalises, scale: 2.5,
          groups: test.groups, keptGroups: test.keptGroups)
        settings.groupScore = test.groupScore
        settings.correction = try correction.map { try vectorParameter(backend, $0) }
        let expected = (0..<rows).map { row in
          Self.reference(
            logits[row * test.experts..<(row + 1) * test.experts].map(Double.init), correction, test)
        }
        onEveryLevel { level in
          let choice = backend.route(inset(backend, logits, columns: test.experts, by: 2), settings)
          #expect(choice.experts.map(Int.init) == expected.flatMap(\.experts), "\(level), \(rows) rows")
          #expect(largestDifference(choice.weights, expected.flatMap(\.weights)) < 3e-6, "\(level)")
        }
      }
    }

    /// The definition, with sorting.
    static func reference(
      _ logits: [Double], _ correction: [Float]?, _ test: Case
    ) -> (experts: [Int], weights: [Double]) {
      let largest = logits.max() ?? 0
      let sum = logits.reduce(0) { $0 + exp($1 - largest) }
      let scores = logits.map { logit in
        switch test.scoring {
        case .softmaxOverChosen, .sparseMixer: logit
        case .softmax: exp(logit - largest) / sum
        case .sigmoid: 1 / (1 + exp(-logit))
        }
      }
      let corrected = scores.enumerated().map { $0.element + Double(correction?[$0.offset] ?? 0) }
      let size = test.experts / test.groups
      let kept = (0..<test.groups).sorted { a, b in
        func rank(_ group: Int) -> Double {
          corrected[group * size..<(group + 1) * size].sorted(by: >)
            .prefix(test.groupScore == .best ? 1 : 2).reduce(0, +)
        }
        return rank(a) > rank(b)
      }.prefix(test.keptGroups)
      let order = corrected.indices.filter { kept.contains($0 / size) }.sorted {
        corrected[$0] > corrected[$1]
      }
      let chosen = Array(order.prefix(test.count))
      var weights = chosen.map { scores[$0] }
      if test.scoring == .softmaxOverChosen { weights = weights.map { exp($0 - (weights.max() ?? 0)) } }
      if case .sparseMixer(let jitter) = test.scoring {
        // Softmax over the logits that the published code does not mask, of the experts not chosen before.
        weights = chosen.indices.map { rank in
          let left = logits.indices.filter { !chosen[..<rank].contains($0) }
          let top = logits[chosen[rank]]
          let close = left.filter { (top - logits[$0]) / max(abs(logits[$0]), top) <= 2 * Double(jitter) }
          return 1 / close.reduce(0) { $0 + exp(logits[$1] - top) }
        }
      }
      let total = weights.reduce(0, +)
      let divides = test.normalises || test.scoring == .softmaxOverChosen
      return (chosen, weights.map { $0 / (divides ? total : 1) * 2.5 })
    }

    @Test func equalLogitsAreSelectedInOrderAndNaNIsHandled() {
      let backend = CPUBackend(precision: .exact, threads: 1)
      for scoring in [RoutingSettings.Scoring.softmaxOverChosen, .softmax, .sigmoid] {
        onEveryLevel { level in
          let settings = RoutingSettings(count: 3, scoring: scoring, normalises: true)
          let equal = backend.route(backend.tensor([Float](repeating: 1, count: 6), columns: 6), settings)
          #expect(equal.experts == [0, 1, 2], "\(level)")
          let odd = backend.route(backend.tensor([.nan, 1, .nan, 2, .nan, .nan], columns: 6), settings)
          #expect(Array(odd.experts.prefix(2)) == [3, 1] && odd.weights[2] == 0, "\(level)")
          #expect(abs(odd.weights.reduce(0, +) - 1) < 1e-6, "\(level)")
        }
      }
    }
  }
}
