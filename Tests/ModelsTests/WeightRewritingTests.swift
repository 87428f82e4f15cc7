import Basics
import Foundation
import Models
import Testing

/// Small weights that are rewritten as they are loaded.
struct WeightRewritingTests {
  private static let numbers: [Float] = [1, -2, 0.5, 0, 3, -0.25]

  private func weight(_ format: WeightFormat) throws -> Weight {
    let bytes: [UInt8] = Self.numbers.flatMap { number -> [UInt8] in
      switch format {
      case .float16: withUnsafeBytes(of: Float16(number).bitPattern.littleEndian) { Array($0) }
      case .bfloat16: withUnsafeBytes(of: UInt16(number.bitPattern >> 16).littleEndian) { Array($0) }
      default: withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
      }
    }
    return try Weight(format: format, shape: [3, 2], values: Bytes(copying: bytes))
  }

  private func floats(_ weight: Weight) -> [Float] {
    weight.values.withUnsafeBytes { source in
      (0..<source.count / 4).map { source.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  @Test(arguments: [WeightFormat.float32, .float16, .bfloat16]) func plainFormats(_ format: WeightFormat)
    throws
  {
    let scaled = try weight(format).scaledRows(by: [2, -1, 4])
    #expect(scaled.format == .float32 && scaled.shape == [3, 2])
    #expect(floats(scaled) == [2, -4, -0.5, 0, 12, -1])
    #expect(floats(try weight(format).negatedExponential()) == Self.numbers.map { -exp($0) })
  }

  @Test func quantisedFormatsAreRefused() throws {
    let bytes = Bytes(copying: [UInt8](repeating: 0, count: 34))
    let quantised = try Weight(format: .q8_0, shape: [1, 32], values: bytes)
    #expect(throws: ModelError.self) { try quantised.scaledRows(by: [1]) }
  }
}
