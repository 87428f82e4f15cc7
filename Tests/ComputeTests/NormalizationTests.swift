import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct NormalizationTests {
    struct Shape: CustomStringConvertible, Sendable {
      let rows: Int, columns: Int, group: Int, weights: Int
      var description: String { "\(rows)x\(columns) by \(group), \(weights) weights" }
    }
    static let shapes = [
      Shape(rows: 1, columns: 576, group: 576, weights: 576),
      Shape(rows: 3, columns: 20, group: 20, weights: 20),
      Shape(rows: 2, columns: 7, group: 7, weights: 0), Shape(rows: 5, columns: 48, group: 12, weights: 12),
      Shape(rows: 4, columns: 192, group: 64, weights: 192),
      Shape(rows: 70, columns: 331, group: 331, weights: 331),
      Shape(rows: 2, columns: 90, group: 45, weights: 0),
    ]

    @Test(arguments: shapes) func rootMeanSquareOfGroups(shape: Shape) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: shape.columns)
      let x = random.normals(shape.rows * shape.columns, times: 3), weight = random.normals(shape.weights)
      var expected: [Double] = []
      for row in 0..<shape.rows {
        for group in 0..<shape.columns / shape.group {
          let first = row * shape.columns + group * shape.group
          let numbers = x[first..<first + shape.group].map(Double.init)
          let mean = numbers.reduce(0) { $0 + $1 * $1 } / Double(shape.group)
          for (i, number) in numbers.enumerated() {
            let place = shape.weights == shape.columns ? group * shape.group + i : i
            let factor = shape.weights == 0 ? 1 : Double(weight[place]) + 1
            expected.append(number / (mean + 1e-5).squareRoot() * factor)
          }
        }
      }
      let parameter = shape.weights == 0 ? nil : try vectorParameter(backend, weight)
      onEveryLevel { level in
        let y = backend.rmsNorm(
          inset(backend, x, columns: shape.columns, by: 3), weight: parameter, groupSize: shape.group,
          epsilon: 1e-5, offset: 1)
        #expect(largestDifference(backend.values(y), expected) < 1e-5, "\(level)")
      }
    }

    /// The same float operations in the order of the definition, so the numbers are equal. Zeros and rows below the
    /// least scale too.
    @Test(arguments: shapes) func rowsAreRoundedToBytes(shape: Shape) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: shape.columns)
      var x = random.normals(shape.rows * shape.columns, times: 3)
      for i in 0..<shape.columns where shape.rows > 1 { x[i] *= 1e-7 }
      for i in 0..<shape.columns where shape.rows > 2 { x[shape.columns + i] = 0 }
      var expected: [Float] = []
      for row in 0..<shape.rows {
        let numbers = x[row * shape.columns..<(row + 1) * shape.columns]
        let scale = 127 / max(numbers.map(abs).max() ?? 0, 1e-5)
        expected += numbers.map { ($0 * scale).rounded(.toNearestOrEven) / scale }
      }
      onEveryLevel { level in
        let y = backend.roundedRows(inset(backend, x, columns: shape.columns, by: 3))
        #expect(backend.values(y) == expected, "\(level)")
      }
    }

    @Test(arguments: shapes.filter { $0.weights > 0 }, [true, false])
    func gatesBeforeAndBehind(shape: Shape, gateFirst: Bool) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: shape.columns)
      let x = random.normals(shape.rows * shape.columns, times: 3), weight = random.normals(shape.weights)
      let gate = random.normals(shape.rows * shape.columns, times: 4)
      var expected: [Double] = []
      for first in stride(from: 0, to: x.count, by: shape.group) {
        let gates = gate[first..<first + shape.group].map { Double($0) / (1 + exp(-Double($0))) }
        var numbers = x[first..<first + shape.group].map(Double.init)
        if gateFirst { numbers = zip(numbers, gates).map { $0 * $1 } }
        let mean = numbers.reduce(0) { $0 + $1 * $1 } / Double(shape.group)
        for i in 0..<shape.group {
          let place = shape.weights == shape.columns ? (first + i) % shape.columns : i
          let normal = numbers[i] / (mean + 1e-5).squareRoot() * Double(weight[place])
          expected.append(gateFirst ? normal : normal * gates[i])
        }
      }
      let parameter = try vectorParameter(backend, weight)
      onEveryLevel { level in
        let y = backend.gatedRMSNorm(
          inset(backend, x, columns: shape.columns, by: 3),
          gate: inset(backend, gate, columns: shape.columns, by: 1),
          weight: parameter, groupSize: shape.group, epsilon: 1e-5, gateFirst: gateFirst)
        #expect(largestDifference(backend.values(y), expected) < 2e-5, "\(level)")
      }
    }

    /// Heads with weights of their own, or with the same ones.
    @Test(arguments: [true, false]) func layerNormalisationOfGroups(perColumn: Bool) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: 5)
      let rows = 7, group = 20, columns = 60
      let x = random.normals(rows * columns)
      let weight = random.normals(perColumn ? columns : group)
      let expected = x.indices.map { i in
        let start = i / group * group
        let numbers = x[start..<start + group].map(Double.init)
        let mean = numbers.reduce(0, +) / Double(group)
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(group)
        let factor = Double(weight[i % columns % weight.count])
        return (Double(x[i]) - mean) / (variance + 1e-5).squareRoot() * factor
      }
      let parameter = try vectorParameter(backend, weight)
      onEveryLevel { level in
        let y = backend.layerNorm(
          inset(backend, x, columns: columns, by: 1), weight: parameter, bias: nil, groupSize: group,
          epsilon: 1e-5)
        #expect(largestDifference(backend.values(y), expected) < 1e-4, "\(level)")
      }
    }

    @Test(arguments: [(1, 768), (3, 33), (60, 500)]) func layerNormalisation(rows: Int, columns: Int) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: columns)
      // A mean far from 0, where a variance computed as a difference of squares would fail.
      let x = random.normals(rows * columns).map { $0 + 100 }
      let weight = random.normals(columns), bias = random.normals(columns)
      var expected: [Double] = []
      for row in 0..<rows {
        let numbers = x[row * columns..<(row + 1) * columns].map(Double.init)
        let mean = numbers.reduce(0, +) / Double(columns)
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
        for (i, number) in numbers.enumerated() {
          let normal = (number - mean) / (variance + 1e-5).squareRoot()
          expected.append(normal * Double(weight[i]) + Double(bias[i]))
        }
      }
      let parameters = (try vectorParameter(backend, weight), try vectorParameter(backend, bias))
      onEveryLevel { level in
        let y = backend.layerNorm(
          inset(backend, x, columns: columns, by: 1), weight: parameters.0, bias: parameters.1, epsilon: 1e-5)
        #expect(largestDifference(backend.values(y), expected) < 1e-4, "\(level)")
        let plain = backend.layerNorm(
          backend.tensor(x, columns: columns), weight: nil, bias: nil, epsilon: 1e-5)
        #expect(abs(backend.values(plain).reduce(0, +)) < 0.1 * Float(rows), "\(level)")
      }
    }
  }
}
