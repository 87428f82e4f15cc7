import Basics
import Compute
import Testing

extension KernelTests {
  /// Products of a matrix per head, compared with sums in double precision.
  @Suite struct HeadLinearTests {
    @Test(
      arguments: [1, 3, 40],
      [WeightFormat.float32, .bfloat16, .q8_0, .affine(bits: 4, groupSize: 32, scale: .float16)])
    func everyHeadHasItsMatrix(_ rows: Int, _ format: WeightFormat) throws {
      let heads = 3, inputs = 64, outputs = 20
      let sample = try WeightSample(format, rows: outputs, columns: inputs, matrices: heads, seed: 5)
      for tail in [0, 6] {
        let size = inputs + tail, width = outputs + tail
        var random = SplitMix64(seed: rows)
        let x = random.normals(rows * heads * size)
        var expected = [Double](repeating: 0, count: rows * heads * width)
        for place in 0..<rows * heads {
          let head = place % heads, input = x[place * size..<(place + 1) * size].map(Double.init)
          for row in 0..<outputs {
            let start = (head * outputs + row) * inputs
            expected[place * width + row] = (0..<inputs).reduce(0) {
              $0 + sample.numbers[start + $1] * input[$1]
            }
          }
          for i in 0..<tail { expected[place * width + outputs + i] = input[inputs + i] }
        }
        let deviation = (expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)).squareRoot()
        for (precision, tolerance) in [(Precision.exact, 1e-5), (.fast, 0.05)] {
          let backend = CPUBackend(precision: precision, threads: 2)
          let weight = try backend.parameter(sample.weight)
          onEveryLevel { level in
            for margin in [0, 2] {
              let y = backend.headLinear(inset(backend, x, columns: heads * size, by: margin), weight)
              #expect(
                largestDifference(backend.values(y), expected) < tolerance * deviation,
                "\(level), tail \(tail)")
            }
          }
        }
      }
    }

    @Test func columnsAreJoined() {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let a = inset(backend, [1, 2, 3, 4], columns: 2, by: 1), b = inset(backend, [5, 6], columns: 1, by: 2)
      #expect(backend.values(backend.joined(a, b)) == [1, 2, 5, 3, 4, 6])
    }
  }
}
