import Basics
import Compute
import Foundation
import Testing

/// Formats as decoded by other libraries; see Tests/Scripts/make_quantised.py.
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
      ]
      let words = format.split(separator: " ").map(String.init)
      guard words.first == "affine", words.count == 4, let bits = Int(words[1]), let group = Int(words[2])
      else { return plain[format] }
      let types: [String: WeightFormat.ScaleType] = [
        "float32": .float32, "float16": .float16, "bfloat16": .bfloat16,
      ]
      return types[words[3]].map { .affine(bits: bits, groupSize: group, scale: $0) }
    }
  }

  private static func cases() throws -> [Case] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/quantised.json"))
    return try JSONDecoder().decode([Case].self, from: data)
  }

  @Test func rowsReadAsOtherLibrariesReadThem() throws {
    let cases = try Self.cases()
    #expect(Set(cases.compactMap(\.weightFormat)) == Set(allFormats))
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
      // Also checks the tests' own reference.
      let reference = referenceNumbers(
        format, values: [UInt8](one.values), scales: [UInt8](one.scales ?? Data()),
        biases: [UInt8](one.biases ?? Data()))
      #expect(largestDifference(expected.map(Float.init), reference) < 1e-6 * scale, "\(one.format)")
    }
  }
}
