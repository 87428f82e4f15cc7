import Basics
import Compute
import Testing

extension KernelTests {
  /// Parts of weights, in place and copied, and stacks of separate matrices.
  @Suite struct WeightRowsTests {
    @Test(arguments: [WeightFormat.float32, .bfloat16, .q8_0, .q4_K, .mxfp4Planar] + affine)
    func rowsGiveTheirOutputs(_ format: WeightFormat) throws {
      let weight = try WeightSample(format, rows: 20, columns: 256, seed: 4).weight
      var random = SplitMix64(seed: 2)
      let numbers = random.normals(256)
      for precision in Precision.allCases {
        let backend = CPUBackend(precision: precision, threads: 1)
        let x = backend.tensor(numbers, columns: 256)
        func outputs(_ weights: [Weight]) throws -> [Float] {
          let layers = try weights.map { Linear(weight: try backend.parameter($0)) }
          return backend.values(backend.linear(x, layers, adding: nil))
        }
        try onEveryLevel { level in
          let all = try outputs([weight]).map(Double.init)
          let bar = 1e-5 * (all.map(abs).max() ?? 0)
          let ranges = [17..<20, 0..<1, 3..<17], order = [19, 0, 7, 7, 3]
          let parts = try outputs(ranges.map { try weight.rows($0) })
          #expect(largestDifference(parts, ranges.flatMap { all[$0] }) <= bar, "\(level)")
          let gathered = try outputs([weight.rows(order)])
          #expect(largestDifference(gathered, order.map { all[$0] }) <= bar, "\(level)")
        }
      }
      #expect(throws: WeightError.self) { try weight.rows(4..<4) }
    }

    /// A parameter with reordered rows: ranges of at least a tile stay in place, others are copied.
    @Test(
      arguments: [WeightFormat.float32, .bfloat16, .q8_0, .q4_K, .mxfp4Planar] + affine,
      [[20..<37, 0..<20, 37..<64], [32..<48, 0..<16, 16..<32, 48..<64], [3..<64, 2..<3, 0..<2], [0..<64]])
    func rowsAreInTheOrderOfTheParameter(_ format: WeightFormat, _ order: [Range<Int>]) throws {
      let weight = try WeightSample(format, rows: 64, columns: 256, seed: 4).weight
      let biases = try WeightSample(.float32, rows: 1, columns: 64, seed: 5).weight.values
      let bias = try Weight(format: .float32, shape: [64], values: biases)
      let last = try WeightSample(format, rows: 5, columns: 256, seed: 6).weight
      var random = SplitMix64(seed: 2)
      let numbers = random.normals(3 * 256)
      for precision in Precision.allCases {
        let backend = CPUBackend(precision: precision, threads: 2)
        let x = backend.tensor(numbers, columns: 256)
        let end = Linear(weight: try backend.parameter(last))
        let plain = Linear(weight: try backend.parameter(weight), bias: try backend.parameter(bias))
        let ordered = Linear(
          weight: try backend.parameter(weight, rowOrder: order),
          bias: try backend.parameter(bias, rowOrder: order))
        #expect(ordered.weight.shape == [64, 256])
        onEveryLevel { level in
          let all = backend.values(backend.linear(x, [plain, end], adding: nil)).map(Double.init)
          let found = backend.values(backend.linear(x, [ordered, end], adding: nil))
          let columns = order.flatMap { Array($0) } + Array(64..<69)
          let expected = (0..<3).flatMap { row in columns.map { all[row * 69 + $0] } }
          #expect(largestDifference(found, expected) <= 1e-5 * (all.map(abs).max() ?? 0), "\(level)")
        }
      }
    }

    private static let affine: [WeightFormat] = [
      .affine(bits: 4, groupSize: 64, scale: .bfloat16), .affine(bits: 8, groupSize: 32, scale: .float32),
    ]

    @Test func numbersOfAVector() throws {
      let sample = try WeightSample(.float32, rows: 1, columns: 9, seed: 1)
      let vector = try Weight(format: .float32, shape: [9], values: sample.weight.values)
      #expect(try vector.rows(2..<5).shape == [3])
      let backend = CPUBackend(precision: .exact, threads: 1)
      let ones = try backend.parameter(vector.rows([8, 2]))
      #expect(ones.shape == [2])
    }

    @Test(arguments: [WeightFormat.bfloat16, .q8_0, .mxfp4Planar] + affine)
    func separateMatricesFormAStack(_ format: WeightFormat) throws {
      let backend = CPUBackend(precision: .exact, threads: 2)
      let apart = try (0..<6).map { try WeightSample(format, rows: 64, columns: 64, seed: $0).weight }
      func joined(_ plane: (Weight) -> Bytes?) -> Bytes? {
        let planes = apart.compactMap(plane)
        return planes.isEmpty ? nil : TestMemory(planes.flatMap { [UInt8]($0.pointer) }).bytes
      }
      let values = try #require(joined { $0.values })
      let together = try Weight(
        format: format, shape: [6, 64, 64], values: values, scales: joined { $0.scales },
        biases: joined { $0.biases })
      var random = SplitMix64(seed: 9)
      let x = backend.tensor(random.normals(7 * 64), columns: 64)
      let logits = backend.tensor(random.normals(7 * 6), columns: 6)
      let stacks = [try backend.parameter(together), try backend.parameter(stack: apart)]
      onEveryLevel { level in
        let results = stacks.map { stack in
          let layer = Linear(weight: stack)
          let layers = ExpertLayers(input: .separate(gate: layer, up: layer), down: layer, activation: .silu)
          return backend.values(
            backend.mixture(
              x, logits: logits, RoutingSettings(count: 2, scoring: .softmax), layers, adding: nil))
        }
        #expect(results[0] == results[1], "\(level)")
        #expect(results[0].contains { $0 != 0 })
      }
    }

    @Test func differentMatricesFormNoStack() throws {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let one = try WeightSample(.bfloat16, rows: 4, columns: 64, seed: 1).weight
      let other = try WeightSample(.q8_0, rows: 4, columns: 64, seed: 1).weight
      #expect(throws: CPUMatrixError.unlikeMatrices) { try backend.parameter(stack: [one, other]) }
      #expect(throws: CPUMatrixError.unlikeMatrices) { try backend.parameter(stack: []) }
    }
  }
}
