import Basics
import CKernels
import Checkpoints
import Compute
import Foundation
import Quantization
import TestSupport
import Testing

/// The formats of GGUF files; Tests/Scripts/check_gguf.py compares whole files with the gguf package.
@Suite struct GGUFQuantizationTests {
  /// The error of a uniform quantiser with the best scale for normal numbers is about 1/3 of the largest number's share;
  /// the bounds are a little above what the formats' bits allow.
  @Test(arguments: [(WeightFormat.q8_0, 0.006), (.q6_K, 0.019), (.q5_K, 0.038), (.q4_K, 0.076)])
  func errorsAreThoseOfTheBits(format: WeightFormat, bound: Double) throws {
    var random = SplitMix64(seed: 11)
    let (rows, columns) = (16, 512)
    let numbers = (0..<rows * columns).map { _ in
      (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &random) }
    }
    let quantizer = WeightQuantizer(threads: 2)
    let source = try Weight(format: .float32, shape: [rows, columns], values: Bytes(copying: numbers))
    let values = try quantizer.quantize(source, rows: 0..<rows, to: format, type: .float32).values
    let stored = try Weight(format: format, shape: [rows, columns], values: values)
    let decoded = try quantizer.quantize(stored, rows: 0..<rows, to: .float32, type: .float32).values
    let result = decoded.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    let error = zip(result, numbers).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
    let power = numbers.reduce(0.0) { $0 + Double($1 * $1) }
    #expect((error / power).squareRoot() < bound)
  }

  @Test(arguments: [WeightFormat.q8_0, .q6_K, .q5_K, .q4_K])
  func zerosStayZeros(format: WeightFormat) throws {
    let source = try Weight(
      format: .float32, shape: [1, 256], values: Bytes(copying: [Float](repeating: 0, count: 256)))
    let values = try WeightQuantizer(threads: 1).quantize(source, rows: 0..<1, to: format, type: .float32)
      .values
    #expect(values.withUnsafeBytes { $0.allSatisfy { $0 == 0 } })
  }

  /// The planes of MXFP4 and GGUF's blocks of the same numbers decode to the same numbers.
  @Test func packedLayersAreKept() throws {
    var random = SplitMix64(seed: 4)
    let (rows, columns) = (7, 96)
    func bytes(_ count: Int, _ range: ClosedRange<UInt8>) -> Bytes {
      Bytes(copying: (0..<count).map { _ in UInt8.random(in: range, using: &random) })
    }
    let planes = try Weight(
      format: .mxfp4Planar, shape: [rows, columns], values: bytes(rows * columns / 2, 0...255),
      scales: bytes(rows * columns / 32, 100...140))
    let quantizer = WeightQuantizer(threads: 2)
    let values = try quantizer.quantize(planes, rows: 0..<rows, to: .mxfp4, type: .float32).values
    let blocks = try Weight(format: .mxfp4, shape: [rows, columns], values: values)
    let decoded = try [planes, blocks].map { weight in
      try quantizer.quantize(weight, rows: 0..<rows, to: .float32, type: .float32).values
        .withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
    #expect(decoded[0] == decoded[1] && decoded[0].contains { $0 != 0 })
  }

  @Test func otherModelsAreRefused() throws {
    let target = try GGUFTarget(name: "q4_k_m")
    // Models without a tokenizer, quantised weights, a GGUF file, and an architecture that cannot be written.
    for name in [
      "qwen3-moe-bf16", "mamba2-plain", "llama-affine4-32", "gguf-qwen3/model.gguf", "recurrent-gemma",
    ] {
      let checkpoint = try Checkpoint.open(Repository.tinyModel(name).path)
      #expect(throws: (any Error).self, "\(name)") {
        try GGUFQuantization(checkpoint, to: target, template: nil)
      }
    }
    #expect(throws: QuantizationError.self) { try GGUFTarget(name: "Q4_X") }
  }
}
