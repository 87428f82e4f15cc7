import Basics
import CKernels
import Compute
import Testing

extension KernelTests {
  /// Products, compared with double precision on the numbers that the formats define.
  @Suite struct LinearTests {
    /// Numbers of tokens that cover every count within a group, several groups and uneven ones.
    static let tokenCounts = [1, 2, 3, 4, 5, 7, 11, 12, 13, 25, 40]

    /// y = W x + b + residual in double precision, and the largest norm of a weight's row.
    private static func reference(
      _ sample: WeightSample, _ x: [Float], _ bias: [Float], _ residual: [Float], rows: Int, columns: Int
    ) -> (y: [Double], length: Double) {
      let tokens = x.count / columns
      let y = (0..<tokens * rows).map { i -> Double in
        let token = i / rows, row = i % rows
        let sum = (0..<columns).reduce(0.0) {
          $0 + sample.numbers[row * columns + $1] * Double(x[token * columns + $1])
        }
        return sum + Double(bias[row]) + Double(residual[i])
      }
      let lengths = (0..<rows).map { row in
        sample.numbers[row * columns..<(row + 1) * columns].reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      return (y, lengths.max() ?? 0)
    }

    @Test(arguments: allFormats) func everyFormatMultipliesOnEveryLevel(_ format: WeightFormat) throws {
      let unit = format.blockColumns == 1 ? 37 : max(format.blockColumns, 32)
      for (index, tokens) in Self.tokenCounts.enumerated() {
        let rows = [1, 16, 37, 64][index % 4], columns = unit * [1, 3, 2][index % 3]
        var random = SplitMix64(seed: index)
        let sample = try WeightSample(format, rows: rows, columns: columns, seed: index)
        let x = random.normals(tokens * columns), bias = random.normals(rows)
        let residual = random.normals(tokens * rows)
        let (expected, length) = Self.reference(sample, x, bias, residual, rows: rows, columns: columns)
        // Exact: float rounding of sums. Fast: 8 bits with a scale for 32 numbers, so the error of a number is at
        // most 1/254 of the block's largest.
        for (precision, tolerance) in [(Precision.exact, 1e-5), (.fast, 0.05)] {
          let backend = CPUBackend(precision: precision, threads: 2)
          let layer = Linear(
            weight: try backend.parameter(sample.weight), bias: try vectorParameter(backend, bias))
          onEveryLevel { level in
            let y = backend.linear(
              inset(backend, x, columns: columns, by: 5), [layer],
              adding: inset(backend, residual, columns: rows, by: 3))
            let difference = largestDifference(backend.values(y), expected) / max(length, 1)
            #expect(difference < tolerance, "\(format) \(level) \(precision) \(tokens)x\(rows)x\(columns)")
          }
        }
      }
    }

    /// All levels round activations to the same 8 bits, so only the order of float sums differs. (Without bfloat16
    /// or FP8 weights: their fast product rounds activations only where there is an instruction for it.)
    @Test(
      arguments: allFormats.filter {
        if case .float8 = $0 { return false }
        return $0 != .bfloat16
      })
    func fastProductsAgreeBetweenLevels(_ format: WeightFormat) throws {
      let columns = max(format.blockColumns, 32) * 3, rows = 53, tokens = 29
      var random = SplitMix64(seed: 3)
      let sample = try WeightSample(format, rows: rows, columns: columns, seed: 4)
      let x = random.normals(tokens * columns)
      let backend = CPUBackend(precision: .fast, threads: 2)
      let layer = Linear(weight: try backend.parameter(sample.weight))
      var results: [[Float]] = []
      onEveryLevel { _ in
        results.append(
          backend.values(backend.linear(backend.tensor(x, columns: columns), [layer], adding: nil)))
      }
      let first = try #require(results.first).map(Double.init)
      let largest = first.map(abs).max() ?? 1
      for result in results { #expect(largestDifference(result, first) < 1e-5 * largest) }
    }

    /// A token's result depends neither on the other tokens nor on the number of threads, bit for bit.
    @Test(arguments: allFormats) func resultsDoNotDependOnTheBatch(_ format: WeightFormat) throws {
      let columns = max(format.blockColumns, 32) * 5, rows = 33, tokens = 38
      var random = SplitMix64(seed: 5)
      let sample = try WeightSample(format, rows: rows, columns: columns, seed: 6)
      let x = random.normals(tokens * columns)
      for precision in Precision.allCases {
        let one = CPUBackend(precision: precision, threads: 1),
          three = CPUBackend(precision: precision, threads: 3)
        let layers = try [one, three].map { Linear(weight: try $0.parameter(sample.weight)) }
        onEveryLevel { level in
          let all = three.values(three.linear(three.tensor(x, columns: columns), [layers[1]], adding: nil))
          for token in stride(from: 0, to: tokens, by: 9) {
            let row = Array(x[token * columns..<(token + 1) * columns])
            let single = one.values(one.linear(one.tensor(row, columns: columns), [layers[0]], adding: nil))
            #expect(
              single == Array(all[token * rows..<(token + 1) * rows]), "\(format) \(level) \(precision)")
          }
        }
      }
    }

    /// Few tokens are multiplied without panels: bit-identical results for all remainders of a row's steps.
    @Test(arguments: allFormats) func fewTokensEqualMany(_ format: WeightFormat) throws {
      let columns = max(format.blockColumns, 32) * 7, rows = 71, tokens = 12
      var random = SplitMix64(seed: 9)
      let sample = try WeightSample(format, rows: rows, columns: columns, seed: 10)
      let x = random.normals(tokens * columns)
      let backend = CPUBackend(precision: .fast, threads: 2)
      let layer = Linear(weight: try backend.parameter(sample.weight))
      onEveryLevel { level in
        let all = backend.values(backend.linear(backend.tensor(x, columns: columns), [layer], adding: nil))
        for count in 1...5 {
          let few = backend.tensor(Array(x[..<(count * columns)]), columns: columns)
          let y = backend.values(backend.linear(few, [layer], adding: nil))
          #expect(y == Array(all[..<(count * rows)]), "\(format) \(level) \(count)")
        }
      }
    }

    /// Layers of different formats side by side, with widths and numbers of tokens around the sizes of chunks and
    /// panels.
    @Test(arguments: [(1, 544), (390, 96), (24, 4128)])
    func layersLieSideBySide(_ tokens: Int, _ columns: Int) throws {
      let formats: [WeightFormat] = [.q8_0, .float32, .q4_1, .bfloat16]
      let rows = [40, 7, 16, 3]
      var random = SplitMix64(seed: 7)
      let x = random.normals(tokens * columns)
      let samples = try zip(formats, rows).map { try WeightSample($0, rows: $1, columns: columns, seed: $1) }
      let backend = CPUBackend(precision: .fast, threads: 2)
      let layers = try samples.map { Linear(weight: try backend.parameter($0.weight)) }
      onEveryLevel { level in
        let y = backend.linear(backend.tensor(x, columns: columns), layers, adding: nil)
        #expect(y.columns == rows.reduce(0, +))
        var start = 0
        for (layer, count) in zip(layers, rows) {
          let alone = backend.values(
            backend.linear(backend.tensor(x, columns: columns), [layer], adding: nil))
          #expect(backend.values(backend.columns(y, start..<start + count)) == alone, "\(level)")
          start += count
        }
      }
    }

    /// Extreme activations (zeros, subnormal and huge numbers) give finite results.
    @Test func extremeActivations() throws {
      let sample = try WeightSample(.mxfp4, rows: 20, columns: 64, seed: 1)
      let backend = CPUBackend(precision: .fast, threads: 1)
      let layer = Linear(weight: try backend.parameter(sample.weight))
      onEveryLevel { level in
        for value: Float in [0, 1e-38, 1e-20, 1e20] {
          let x = (0..<64).map { $0 < 32 ? value : 0 }
          let y = backend.values(backend.linear(backend.tensor(x, columns: 64), [layer], adding: nil))
          let expected = (0..<20).map { row in
            (0..<32).reduce(0.0) { $0 + sample.numbers[row * 64 + $1] * Double(value) }
          }
          let scale = max(Double(value), 1e-15) * 32
          #expect(largestDifference(y, expected) / scale < 0.05, "\(level) \(value)")
        }
      }
    }

    @Test(arguments: allFormats) func embeddingsAreRows(_ format: WeightFormat) throws {
      let columns = max(format.blockColumns, 32) * 2, rows = 9
      let sample = try WeightSample(format, rows: rows, columns: columns, seed: 8)
      let backend = CPUBackend(precision: .fast, threads: 1)
      let table = try backend.parameter(sample.weight)
      let tokens: [Int32] = [8, 0, 3, 8]
      let y = backend.values(backend.embedding(Tokens(tokens), table: table, scale: 2))
      let expected = tokens.flatMap { token in
        sample.numbers[Int(token) * columns..<(Int(token) + 1) * columns].map { $0 * 2 }
      }
      #expect(largestDifference(y, expected) < 1e-5 * (expected.map(abs).max() ?? 0))
    }
  }
}
