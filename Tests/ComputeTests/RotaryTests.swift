import Basics
import Compute
import Foundation
import Testing

extension KernelTests {
  @Suite struct RotaryTests {
    struct Shape: CustomStringConvertible, Sendable {
      let headSize: Int, first: Int, pairs: Int, heads: Int, interleaved: Bool
      var description: String {
        "\(heads) heads of \(headSize), \(pairs) pairs from \(first), interleaved \(interleaved)"
      }
    }
    static let shapes: [Shape] = [8, 12, 20, 64, 80, 128].flatMap { (size: Int) -> [Shape] in
      let parts: [(first: Int, pairs: Int)] = [(0, size / 2), (0, size / 4), (size / 2 - 1, size / 4)]
      return parts.flatMap { part in
        [true, false].map {
          Shape(headSize: size, first: part.first, pairs: part.pairs, heads: 3, interleaved: $0)
        }
      }
    }
    static let positions: [Int32] = [0, 1, 7, 4095, 131_071, 1_000_000]

    @Test(arguments: shapes) func rotatesByThePosition(shape: Shape) {
      let backend = CPUBackend(precision: .exact, threads: 2)
      var random = SplitMix64(seed: shape.headSize)
      let columns = shape.heads * shape.headSize
      let x = random.normals(Self.positions.count * columns)
      let frequencies = (0..<shape.pairs).map { Float(pow(10_000, -Double($0) / Double(shape.pairs))) }
      let table = RotaryTable(
        headSize: shape.headSize, first: shape.first, frequencies: frequencies, amplitude: 1.25,
        interleaved: shape.interleaved)
      var expected = x.map(Double.init)
      for (row, position) in Self.positions.enumerated() {
        for head in 0..<shape.heads {
          let base = row * columns + head * shape.headSize + shape.first
          for pair in 0..<shape.pairs {
            let first = base + (shape.interleaved ? 2 * pair : pair)
            let second = shape.interleaved ? first + 1 : first + shape.pairs
            let angle = Double(position) * Double(frequencies[pair])
            let a = Double(x[first]), b = Double(x[second])
            expected[first] = 1.25 * (a * cos(angle) - b * sin(angle))
            expected[second] = 1.25 * (b * cos(angle) + a * sin(angle))
          }
        }
      }
      onEveryLevel { level in
        let y = backend.rotary(
          inset(backend, x, columns: columns, by: 4), table, positions: Self.positions)
        #expect(largestDifference(backend.values(y), expected) < 2e-6, "\(level)")
      }
    }

    @Test func differentTablesAreDistinguished() {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let x = backend.tensor([1, 0], columns: 2)
      func angle(_ frequency: Float, _ amplitude: Float, _ position: Int32) -> Float {
        let table = RotaryTable(
          headSize: 2, frequencies: [frequency], amplitude: amplitude, interleaved: false)
        return backend.values(backend.rotary(x, table, positions: [position]))[1]
      }
      for _ in 0..<2 {
        for frequency: Float in [0.1, 0.2, 0.3] {
          for amplitude: Float in [1, 2] {
            for position: Int32 in 1...3 {
              let expected = amplitude * Float(sin(Double(position) * Double(frequency)))
              #expect(abs(angle(frequency, amplitude, position) - expected) < 1e-6)
            }
          }
        }
      }
    }
  }
}
