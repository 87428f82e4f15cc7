import Checkpoints
import Compute
import ComputeCUDA
import Foundation
import Models

/// A small random model with its logits according to transformers.
struct Fixture {
  let folder: String
  let name: String

  private var path: String { "\(folder)/\(name)" }

  func checkpoint() throws -> Checkpoint {
    let gguf = path + "/model.gguf"
    return try Checkpoint.open(FileManager.default.fileExists(atPath: gguf) ? gguf : path)
  }

  func load(
    _ precision: Precision, _ device: CUDADevice
  ) throws -> (model: any LanguageModel, backend: CUDABackend) {
    let backend = try CUDABackend(device: device, precision: precision)
    return (try Registry.model(checkpoint(), backend: backend), backend)
  }

  /// The tokens and the logits after each of them.
  func reference() throws -> (tokens: [Int32], logits: [[Float]]) {
    let file = try SafetensorsFile(path + "/reference.safetensors")
    func numbers<Number: BitwiseCopyable>(_ name: String, _: Number.Type) throws -> ([Number], width: Int) {
      guard let tensor = file.tensors.first(where: { $0.name == name }), let bytes = file.bytes(tensor) else {
        throw Missing(description: "\(path): no \(name)")
      }
      let size = MemoryLayout<Number>.size
      let values = (0..<tensor.numbers).map {
        bytes.pointer.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)
      }
      return (values, tensor.shape.last ?? 1)
    }
    let tokens = try numbers("tokens", Int32.self).0
    let (prefill, width) = try numbers("prefill_logits", Float.self)
    let all = prefill + (try numbers("decode_logits", Float.self)).0
    return (tokens, stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) })
  }
}

struct Missing: Error, CustomStringConvertible {
  let description: String
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

/// Prints a line at once, so that an interrupted run leaves what it found.
func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
