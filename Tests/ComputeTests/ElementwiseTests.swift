import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct ElementwiseTests {
    static let shapes = [(1, 1), (1, 16), (1, 17), (3, 31), (2, 64), (5, 333), (1, 70_001), (40, 1100)]

    @Test(arguments: shapes) func sumsAreScaled(rows: Int, columns: Int) {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: rows * 1000 + columns)
      let a = random.normals(rows * columns), b = random.normals(rows * columns)
      let expected = zip(a, b).map { Double($0) + 0.37 * Double($1) }
      onEveryLevel { level in
        let sum = backend.add(
          inset(backend, a, columns: columns, by: 2), backend.tensor(b, columns: columns), scale: 0.37)
        #expect(largestDifference(backend.values(sum), expected) < 1e-6, "\(level)")
      }
    }

    @Test(arguments: shapes) func scalesAndCaps(rows: Int, columns: Int) {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: rows + columns)
      // From far below the cap, where tanh is nearly linear, to far above it.
      let x = (0..<rows * columns).map { _ in random.normal() * Float(pow(10, Double.random(in: -4...3))) }
      onEveryLevel { level in
        let input = inset(backend, x, columns: columns, by: 1)
        let scaled = backend.values(backend.scaled(input, by: 0.25, softcap: nil))
        #expect(scaled == x.map { $0 * 0.25 }, "\(level)")
        let capped = backend.values(backend.scaled(input, by: 0.25, softcap: 30))
        for (value, number) in zip(capped, x) {
          let expected = 30 * tanh(Double(number) * 0.25 / 30)
          #expect(abs(Double(value) - expected) <= 7e-7 * abs(expected) + 1e-30, "\(level) \(number)")
        }
      }
    }

    static let activations: [Activation] = [
      .identity, .tanh, .silu, .sigmoid, .geluTanh, .gelu, .relu, .reluSquared,
      .clampedSwiGLU(alpha: 1.702, limit: 7),
    ]
    static let xIELU = Activation.xielu(positive: 0.8, negative: 1.3, beta: 0.5, limit: -1e-6)

    @Test(arguments: activations) func gatesFollowTheirFormulas(activation: Activation) {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: 7)
      for (rows, columns) in Self.shapes {
        let x = random.normals(rows * columns * 2, times: 5)
        var expected: [Double] = []
        for row in 0..<rows {
          for column in 0..<columns {
            let gate = Double(x[row * 2 * columns + column])
            let up = Double(x[row * 2 * columns + columns + column])
            expected.append(Self.reference(activation, gate, up))
          }
        }
        onEveryLevel { level in
          let result = backend.values(
            backend.gated(inset(backend, x, columns: 2 * columns, by: 5), activation))
          let largest = expected.map(abs).max() ?? 0
          #expect(
            largestDifference(result, expected) < 2e-6 + 2e-7 * largest, "\(level) \(rows)x\(columns)")
        }
      }
    }

    /// Gates in a tensor of their own, one per number or one per row.
    @Test(arguments: shapes, [true, false]) func gatesMayLieApart(shape: (Int, Int), onePerRow: Bool) {
      let (rows, columns) = shape
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: columns)
      let width = onePerRow ? 1 : columns
      let x = random.normals(rows * columns), gates = random.normals(rows * width, times: 3)
      let expected = x.indices.map { i in
        let gate = gates[i / columns * width + (onePerRow ? 0 : i % columns)]
        return Self.reference(.sigmoid, Double(gate), Double(x[i]))
      }
      onEveryLevel { level in
        let result = backend.gated(
          inset(backend, x, columns: columns, by: 3), by: inset(backend, gates, columns: width, by: 1),
          .sigmoid)
        #expect(largestDifference(backend.values(result), expected) < 2e-6, "\(level)")
      }
    }

    @Test func gatesOfGroupsOfColumns() {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: 12)
      let rows = 5, groups = 3, width = 20
      let x = random.normals(rows * groups * width), gates = random.normals(rows * groups, times: 3)
      let expected = x.indices.map { Self.reference(.sigmoid, Double(gates[$0 / width]), Double(x[$0])) }
      onEveryLevel { level in
        for margin in [0, 2] {
          let result = backend.gated(
            inset(backend, x, columns: groups * width, by: margin),
            by: inset(backend, gates, columns: groups, by: margin), .sigmoid)
          #expect(largestDifference(backend.values(result), expected) < 2e-6, "\(level)")
        }
      }
    }

    @Test(arguments: activations.dropLast() + [xIELU]) func activatesOneInput(activation: Activation) {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: 11)
      for (rows, columns) in Self.shapes {
        let x = random.normals(rows * columns, times: 5)
        let expected = x.map { Self.reference(activation, Double($0), 1) }
        let largest = expected.map(abs).max() ?? 0
        onEveryLevel { level in
          let result = backend.activated(inset(backend, x, columns: columns, by: 3), activation)
          #expect(
            largestDifference(backend.values(result), expected) < 2e-6 + 2e-7 * largest,
            "\(level) \(rows)x\(columns)")
        }
      }
    }

    @Test func extremeGatesAreFinite() {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let gates: [Float] = [-1e30, -1000, -89, -87, -1e-30, 0, 1e-30, 87, 89, 1000, 1e15]
      for activation in Self.activations where activation != .reluSquared {
        onEveryLevel { level in
          let ones = [Float](repeating: 1, count: gates.count)
          let result = backend.values(
            backend.gated(backend.tensor(gates + ones, columns: 2 * gates.count), activation))
          for (value, gate) in zip(result, gates) {
            let expected = Self.reference(activation, Double(gate), 1)
            #expect(
              abs(Double(value) - expected) <= 2e-6 * abs(expected) + 1e-30, "\(level) \(activation) \(gate)")
          }
        }
      }
    }

    static func reference(_ activation: Activation, _ gate: Double, _ up: Double) -> Double {
      switch activation {
      case .tanh: return tanh(gate) * up
      case .silu: return gate / (1 + exp(-gate)) * up
      case .sigmoid: return 1 / (1 + exp(-gate)) * up
      case .geluTanh:
        return 0.5 * gate * (1 + tanh((2 / Double.pi).squareRoot() * (gate + 0.044715 * pow(gate, 3)))) * up
      case .gelu: return 0.5 * gate * erfc(-gate / 2.0.squareRoot()) * up
      case .relu: return max(gate, 0) * up
      case .reluSquared: return pow(max(gate, 0), 2) * up
      case .identity: return gate * up
      case .xielu(let positive, let negative, let beta, let limit):
        let curve = expm1(min(gate, Double(limit))) - gate
        let bent = gate > 0 ? Double(positive) * gate * gate : Double(negative) * curve
        return (bent + Double(beta) * gate) * up
      case .clampedSwiGLU(let alpha, let limit):
        let gate = min(gate, Double(limit)), up = max(min(up, Double(limit)), -Double(limit))
        return gate / (1 + exp(-Double(alpha) * gate)) * (up + 1)
      }
    }
  }
}
