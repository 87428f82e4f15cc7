import Basics
import CKernels
import Compute
import Foundation
import Testing

extension KernelTests {
  /// Mixtures of experts, compared with one token and one expert at a time in double precision.
  @Suite struct ExpertsTests {
    private static let hidden = 64, inner = 32, experts = 6, chosen = 3

    /// One expert's output for one token, from a stack's numbers.
    private static func apply(
      _ numbers: [Double], _ bias: [Double], expert: Int, rows: Int, to x: [Double]
    ) -> [Double] {
      (0..<rows).map { row in
        let start = (expert * rows + row) * x.count
        return x.indices.reduce(bias[expert * rows + row]) { $0 + numbers[start + $1] * x[$1] }
      }
    }

    @Test(arguments: [1, 2, 9, 70], [WeightFormat.mxfp4, .mxfp4Planar, .q8_0, .bfloat16])
    func mixture(_ tokens: Int, _ format: WeightFormat) throws {
      let (hidden, inner, experts) = (Self.hidden, Self.inner, Self.experts)
      var random = SplitMix64(seed: tokens + 100)
      let both = try WeightSample(format, rows: 2 * inner, columns: hidden, matrices: experts, seed: 1)
      let down = try WeightSample(format, rows: hidden, columns: inner, matrices: experts, seed: 2)
      let bothBias = try WeightSample(.bfloat16, rows: experts, columns: 2 * inner, seed: 3)
      let downBias = try WeightSample(.float32, rows: experts, columns: hidden, seed: 4)
      let x = random.normals(tokens * hidden), residual = random.normals(tokens * hidden)
      // One expert is never selected, and one almost always.
      let logits = (0..<tokens * experts).map { i in
        i % experts == 4 ? -100 : i % experts == 1 ? 1 + random.normal() : random.normal()
      }
      var routing = RoutingSettings(count: Self.chosen, scoring: .softmaxOverChosen)
      routing.normalises = false

      let expected = (0..<tokens).flatMap { token -> [Double] in
        let scores = logits[token * experts..<(token + 1) * experts].map(Double.init)
        let best = (0..<experts).sorted { scores[$0] > scores[$1] }.prefix(Self.chosen)
        let total = best.reduce(0) { $0 + exp(scores[$1]) }
        let row = x[token * hidden..<(token + 1) * hidden].map(Double.init)
        var y = residual[token * hidden..<(token + 1) * hidden].map(Double.init)
        for expert in best {
          let pairs = Self.apply(both.numbers, bothBias.numbers, expert: expert, rows: 2 * inner, to: row)
          let active = (0..<inner).map { i -> Double in
            let gate = min(pairs[2 * i], 7), up = max(-7, min(7, pairs[2 * i + 1]))
            return gate / (1 + exp(-1.702 * gate)) * (up + 1)
          }
          let out = Self.apply(down.numbers, downBias.numbers, expert: expert, rows: hidden, to: active)
          for i in 0..<hidden { y[i] += exp(scores[expert]) / total * out[i] }
        }
        return y
      }
      func rms(_ x: [Double]) -> Double { (x.reduce(0) { $0 + $1 * $1 } / Double(x.count)).squareRoot() }

      for (precision, tolerance) in [(Precision.exact, 1e-5), (.fast, 0.03)] {
        let backend = CPUBackend(precision: precision, threads: 2)
        let layers = ExpertLayers(
          input: .interleaved(
            Linear(weight: try backend.parameter(both.weight), bias: try backend.parameter(bothBias.weight))),
          down: Linear(
            weight: try backend.parameter(down.weight), bias: try backend.parameter(downBias.weight)),
          activation: .clampedSwiGLU(alpha: 1.702, limit: 7))
        onEveryLevel { level in
          let y = backend.mixture(
            inset(backend, x, columns: hidden, by: 2), logits: backend.tensor(logits, columns: experts),
            routing,
            layers, adding: inset(backend, residual, columns: hidden, by: 1))
          let difference = rms(zip(backend.values(y), expected).map { Double($0) - $1 }) / rms(expected)
          #expect(difference < tolerance, "\(format) \(level) \(precision) \(tokens)")
        }
      }
    }

    /// The same projections as two stacks and as one with interleaved rows.
    @Test func layoutsOfTheProjectionsAgree() throws {
      let (hidden, inner, experts) = (Self.hidden, 24, Self.experts)
      let gate = try WeightSample(.float32, rows: inner, columns: hidden, matrices: experts, seed: 5)
      let up = try WeightSample(.float32, rows: inner, columns: hidden, matrices: experts, seed: 6)
      let down = try WeightSample(.float32, rows: hidden, columns: inner, matrices: experts, seed: 7)
      /// The rows of both stacks of every expert, in an order.
      func stack(_ order: (Int) -> (isUp: Bool, row: Int)) throws -> Weight {
        let numbers = (0..<experts).flatMap { expert in
          (0..<2 * inner).flatMap { index -> ArraySlice<Double> in
            let (isUp, row) = order(index)
            let start = (expert * inner + row) * hidden
            return (isUp ? up : gate).numbers[start..<start + hidden]
          }
        }
        let bytes = numbers.flatMap { withUnsafeBytes(of: Float($0).bitPattern.littleEndian, Array.init) }
        return try Weight(
          format: .float32, shape: [experts, 2 * inner, hidden], values: TestMemory(bytes).bytes)
      }
      let backend = CPUBackend(precision: .exact, threads: 2)
      func linear(_ weight: Weight) throws -> Linear { Linear(weight: try backend.parameter(weight)) }
      let inputs: [ExpertLayers.Input] = [
        .separate(gate: try linear(gate.weight), up: try linear(up.weight)),
        .interleaved(try linear(try stack { ($0 % 2 == 1, $0 / 2) })),
      ]
      var random = SplitMix64(seed: 8)
      let x = backend.tensor(random.normals(5 * hidden), columns: hidden)
      let logits = backend.tensor(random.normals(5 * experts), columns: experts)
      let downLayer = try linear(down.weight)
      onEveryLevel { level in
        let results = inputs.map {
          backend.values(
            backend.mixture(
              x, logits: logits, RoutingSettings(count: 2, scoring: .softmax),
              ExpertLayers(input: $0, down: downLayer, activation: .silu), adding: nil))
        }
        #expect(results[0] == results[1], "\(level)")
        #expect(results[0].contains { $0 != 0 })
      }
    }

    @Test(arguments: [[], [2], [1, 0, 2, 1, 1, 0]] as [[Int32]])
    func entriesAreSortedByExpert(_ chosen: [Int32]) {
      let order = EntryOrder(chosen, of: 4)
      #expect(order.entries.map { chosen[Int($0)] } == chosen.sorted())
      #expect(order.starts.count == 5 && order.starts.last == Int32(chosen.count))
      for (entry, place) in order.places.enumerated() { #expect(order.entries[Int(place)] == Int32(entry)) }
      for expert in 0..<4 {
        let range = Int(order.starts[expert])..<Int(order.starts[expert + 1])
        #expect(order.entries[range].allSatisfy { Int(chosen[Int($0)]) == expert })
      }
    }
  }
}
