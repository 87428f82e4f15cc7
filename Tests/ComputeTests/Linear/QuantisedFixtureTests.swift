import Basics
import Compute
import Foundation
import Testing

/// Formats as decoded by other libraries; see Tests/Scripts/make_quantised.py.
extension KernelTests {
  @Suite struct QuantisedFixtureTests {
    private struct Case: Decodable {
      let format: String
      let rows: Int, columns: Int
      let values: Data
      let scales: Data?, biases: Data?
      let expected: Data

      var weightFormat: WeightFormat? {
        let plain: [String: WeightFormat] = [
          "F32": .float32, "F16": .float16, "BF16": .bfloat16, "Q4_0": .q4_0, "Q4_1": .q4_1, "Q5_0": .q5_0,
          "Q5_1": .q5_1, "Q8_0": .q8_0, "Q2_K": .q2_K, "Q3_K": .q3_K, "IQ4_NL": .iq4_NL, "IQ4_XS": .iq4_XS,
          "Q4_K": .q4_K, "Q5_K": .q5_K, "Q6_K": .q6_K, "MXFP4": .mxfp4,
          "mxfp4 planar": .mxfp4Planar,
          "nvfp4 planar": .nvfp4Planar, "mxfp8": .float8(groupSize: 32, scale: .e8m0), "NVFP4": .nvfp4,
          "fp8 64": .float8(groupSize: 64, scale: .float32), "IQ1_S": .iq1_S, "IQ1_M": .iq1_M,
          "IQ2_XXS": .iq2_XXS, "IQ2_XS": .iq2_XS, "IQ2_S": .iq2_S, "IQ3_XXS": .iq3_XXS, "IQ3_S": .iq3_S,
          "TQ1_0": .tq1_0, "TQ2_0": .tq2_0, "Q8_K": .q8_K,
        ]
        let words = format.split(separator: " ").map(String.init)
        guard words.first == "affine" || words.first == "zero", words.count == 4, let bits = Int(words[1]),
          let group = Int(words[2])
        else { return plain[format] }
        let types: [String: WeightFormat.ScaleType] = [
          "float32": .float32, "float16": .float16, "bfloat16": .bfloat16,
        ]
        return types[words[3]].map {
          words[0] == "zero"
            ? .zeroPoint(bits: bits, groupSize: group, scale: $0)
            : .affine(bits: bits, groupSize: group, scale: $0)
        }
      }
    }

    private static func cases() throws -> [Case] {
      let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/quantised.json"))
      return try JSONDecoder().decode([Case].self, from: data)
    }

    @Test func rowsReadAsOtherLibrariesReadThem() throws {
      let cases = try Self.cases()
      #expect(Set(cases.compactMap(\.weightFormat)) == Set(allFormats + latticeFormats))
      let backend = CPUBackend(precision: .exact, threads: 1)
      for one in cases {
        let format = try #require(one.weightFormat, "\(one.format)")
        let expected = one.expected.withUnsafeBytes { bytes in
          (0..<one.rows * one.columns).map {
            Double(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self))
          }
        }
        let scale = expected.map(abs).max() ?? 1
        let weight = try Weight(
          format: format, shape: [one.rows, one.columns], values: TestMemory([UInt8](one.values)).bytes,
          scales: one.scales.map { TestMemory([UInt8]($0)).bytes },
          biases: one.biases.map { TestMemory([UInt8]($0)).bytes })
        let table = try backend.parameter(weight)
        let read = backend.values(
          backend.embedding(Tokens((0..<Int32(one.rows)).map { $0 }), table: table, scale: 1))
        #expect(largestDifference(read, expected) < 1e-6 * scale, "\(one.format)")
        guard !latticeFormats.contains(format) else { continue }
        // Also checks the tests' own reference.
        let reference = referenceNumbers(
          format, values: [UInt8](one.values), scales: [UInt8](one.scales ?? Data()),
          biases: [UInt8](one.biases ?? Data()))
        #expect(largestDifference(expected.map(Float.init), reference) < 1e-6 * scale, "\(one.format)")
      }
    }

    /// Formats that `LinearTests` has no numbers for, in whole and partial tiles on every level: the fixture's rows in turn.
    @Test func latticesMultiplyOnEveryLevel() throws {
      for one in try Self.cases() {
        guard let format = one.weightFormat, latticeFormats.contains(format) else { continue }
        let (rows, columns) = (37, one.columns), size = one.values.count / one.rows
        let bytes = [UInt8](one.values), indices = (0..<rows).map { $0 % one.rows }
        let weight = try Weight(
          format: format, shape: [rows, columns],
          values: TestMemory(indices.flatMap { bytes[$0 * size..<($0 + 1) * size] }).bytes)
        let numbers = one.expected.withUnsafeBytes { bytes in
          (0..<one.rows * columns).map { Double(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)) }
        }
        for tokens in [1, 3, 14] {
          var random = SplitMix64(seed: tokens)
          let x = random.normals(tokens * columns)
          let expected = (0..<tokens * rows).map { index -> Double in
            let start = indices[index % rows] * columns, token = index / rows * columns
            return (0..<columns).reduce(0) { $0 + numbers[start + $1] * Double(x[token + $1]) }
          }
          let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
          for (precision, tolerance) in [(Precision.exact, 1e-5), (.fast, 0.05)] {
            let backend = CPUBackend(precision: precision, threads: 2)
            let layer = Linear(weight: try backend.parameter(weight))
            onEveryLevel { level in
              let y = backend.values(
                backend.linear(backend.tensor(x, columns: columns), [layer], adding: nil))
              #expect(largestDifference(y, expected) < tolerance * length, "\(format) \(level) \(precision)")
            }
          }
        }
      }
    }
  }
}
