import Checkpoints
import Compute
import Foundation
import Models
import Quantization
import TestSupport
import Testing

/// Quantised small models and their logits.
enum QuantizedModel {
  /// The model at `path` in MLX's format, written to a folder that does not exist yet.
  static func write(_ path: String, to output: String, as target: String = "q8", group: Int? = 32) throws
    -> Checkpoint
  {
    let target = try QuantizationTarget(name: target, group: group)
    try ModelQuantization(Checkpoint.open(path), to: target).write(to: output, threads: 2) { _, _ in }
    return try Checkpoint.open(output)
  }

  /// The logits after every token, without approximations.
  static func logits(_ checkpoint: Checkpoint, _ tokens: [Int32]) throws -> [Float] {
    let backend = CPUBackend(precision: .exact, threads: 2)
    let model = try Registry.model(checkpoint, backend: backend)
    let sequence = SequenceState(caches: model.makeCaches())
    return backend.values(
      try model.forward(ForwardInput(tokens: tokens, sequence: sequence, allLogits: true)))
  }

  /// The error of the logits of a quantised model, as a share of the reference's logits of the original.
  /// - Parameter name: of the small model that was quantised.
  static func error(of checkpoint: Checkpoint, from name: String) throws -> Float {
    let (found, expected, _) = try compared(checkpoint, name)
    return share(found[...], expected[...])
  }

  /// The same of the token in the middle: rounding may change which experts a few tokens are routed to.
  static func medianError(of checkpoint: Checkpoint, from name: String) throws -> Float {
    let (found, expected, width) = try compared(checkpoint, name)
    let errors = stride(from: 0, to: found.count, by: width).map {
      share(found[$0..<$0 + width], expected[$0..<$0 + width])
    }
    return errors.sorted()[errors.count / 2]
  }

  private static func compared(_ checkpoint: Checkpoint, _ name: String) throws
    -> (found: [Float], expected: [Float], width: Int)
  {
    let reference = try SafetensorsFile(Repository.tinyModel(name).path + "/reference.safetensors")
    let tokens: [Int32] = try numbers("tokens", in: reference)
    let expected: [Float] =
      try numbers("prefill_logits", in: reference) + numbers("decode_logits", in: reference)
    let found = try logits(checkpoint, tokens)
    try #require(found.count == expected.count)
    return (found, expected, expected.count / tokens.count)
  }

  private static func share(_ found: ArraySlice<Float>, _ expected: ArraySlice<Float>) -> Float {
    let power = expected.reduce(0) { $0 + $1 * $1 }
    let error = zip(found, expected).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (error / power).squareRoot()
  }

  private static func numbers<Number: BitwiseCopyable>(
    _ name: String, in file: SafetensorsFile
  ) throws -> [Number] {
    let tensor = try #require(file.tensors.first { $0.name == name })
    let bytes = try #require(file.bytes(tensor))
    return (0..<tensor.numbers).map {
      bytes.pointer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self)
    }
  }
}
