import Checkpoints
import Compute
import Foundation
import Models
import Testing

/// A small random model under Fixtures/tiny with its logits according to transformers.
struct TinyModel: Sendable, CustomTestStringConvertible {
  let name: String

  var testDescription: String { name }

  private static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/tiny")
  }

  /// All models.
  static var all: [TinyModel] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().map(TinyModel.init)
  }

  private var path: String { Self.folder.appending(path: name).path }

  func load(_ precision: Precision, threads: Int = 2) throws -> (
    model: any LanguageModel, backend: CPUBackend
  ) {
    let backend = CPUBackend(precision: precision, threads: threads)
    return (try Registry.model(checkpoint(), backend: backend), backend)
  }

  func checkpoint() throws -> Checkpoint {
    let gguf = path + "/model.gguf"
    return try Checkpoint.open(FileManager.default.fileExists(atPath: gguf) ? gguf : path)
  }

  /// The tokens and the logits after each of them.
  func reference() throws -> (tokens: [Int32], logits: [[Float]]) {
    let file = try SafetensorsFile(path + "/reference.safetensors")
    let tokens: [Int32] = try Self.numbers("tokens", in: file).values
    let prefill: (values: [Float], shape: [Int]) = try Self.numbers("prefill_logits", in: file)
    let decode: (values: [Float], shape: [Int]) = try Self.numbers("decode_logits", in: file)
    let width = try #require(prefill.shape.last)
    let all = prefill.values + decode.values
    return (tokens, stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) })
  }

  /// The rows of a tensor of the reference.
  func numbers(_ name: String) throws -> [[Float]] {
    let file = try SafetensorsFile(path + "/reference.safetensors")
    let found: (values: [Float], shape: [Int]) = try Self.numbers(name, in: file)
    return found.values.rows(try #require(found.shape.last))
  }

  private static func numbers<Number: BitwiseCopyable>(
    _ name: String, in file: SafetensorsFile
  ) throws -> (values: [Number], shape: [Int]) {
    let tensor = try #require(file.tensors.first { $0.name == name })
    let bytes = try #require(file.bytes(tensor))
    let size = MemoryLayout<Number>.size
    let values = (0..<tensor.numbers).map {
      bytes.pointer.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)
    }
    return (values, tensor.shape)
  }
}

/// The largest difference between two sets of logits, relative to the standard deviation of the second.
func distance(_ ours: [[Float]], _ theirs: [[Float]]) -> Float {
  let all = theirs.flatMap { $0 }
  let mean = all.reduce(0, +) / Float(all.count)
  let deviation = (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(all.count)).squareRoot()
  var largest: Float = ours.count == theirs.count ? 0 : .infinity
  for (a, b) in zip(ours, theirs) {
    guard a.count == b.count else { return .infinity }
    for (x, y) in zip(a, b) { largest = max(largest, x.isFinite ? abs(x - y) : .infinity) }
  }
  return largest / deviation
}

extension [Float] {
  /// Rows of `width` numbers.
  func rows(_ width: Int) -> [[Float]] {
    stride(from: 0, to: count, by: width).map { Array(self[$0..<$0 + width]) }
  }
}
