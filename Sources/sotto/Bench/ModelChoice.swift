import Checkpoints
import Compute
import Devices
import Generation
import Models

/// The measured model: a checkpoint, or a full-size shape with random weights.
struct ModelChoice: Sendable {
  let path: String?
  let synthetic: String?
  let layers: Int?

  func model(_ backend: any Backend) throws -> any LanguageModel {
    if let synthetic { return try SyntheticShape.named(synthetic, layers: layers).model(backend: backend) }
    return try Registry.model(
      Checkpoint.open(path ?? ""), backend: backend, warn: { Console.note($0) })
  }

  /// Bytes of the model's file; nil for a shape.
  var fileBytes: Int? {
    get throws { try path.map { try Checkpoint.open($0).fileBytes } }
  }

  /// The backend of a device, on which a synthetic model must fit.
  func backend(_ device: DeviceChoice, threads: Int, _ format: CacheFormat?) throws -> Devices.Made {
    let bytes = try fileBytes ?? 0
    return try Devices.make(
      device, weights: bytes, precision: .fast, threads: threads, cacheFormat: format)
  }

  /// The model for prompts of token ids.
  func loaded(_ device: DeviceChoice, threads: Int, _ format: CacheFormat?) throws -> LoadedModel {
    let backend = try backend(device, threads: threads, format).backend
    return LoadedModel(model: try model(backend), tokenizer: nil, backend: backend, bytes: 0)
  }
}
