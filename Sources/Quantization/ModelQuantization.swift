import Basics
import Checkpoints
import Compute
import Foundation
import Models
import Synchronization

/// Quantises a model of safetensors files to a folder in MLX's format: the same weights, scales, biases and settings as
/// mlx-lm's converter writes.
///
/// Tensors are read where they are mapped and written a few megabytes at a time. Beyond the mapped file, memory holds the
/// scales and biases of one tensor. The folder gets its name when it is whole; an error or an interruption removes it.
public struct ModelQuantization: Sendable {
  private let checkpoint: Checkpoint
  private let plan: QuantizationPlan
  /// The size of the new weight files in bytes, without their headers.
  public var bytes: Int { plan.entries.reduce(0) { $0 + $1.bytes } }
  /// Bits per parameter of the whole model.
  public var bitsPerParameter: Double { Double(bytes) * 8 / Double(max(1, parameters)) }
  private var parameters: Int { plan.entries.reduce(0) { $0 + $1.tensor.shape.reduce(1, *) } }

  /// - Parameters:
  ///   - checkpoint: a folder of safetensors, unquantised or in FP8.
  ///   - mixed: whether sensitive layers get more bits.
  /// - Throws: `QuantizationError`, `ModelError` or `FileError` if the model cannot be quantised so.
  public init(_ checkpoint: Checkpoint, to target: QuantizationTarget, mixed: Bool = false) throws {
    guard checkpoint.kind == .safetensors else {
      throw QuantizationError(
        "\(checkpoint.path): only models in safetensors files can be quantised, not a \(checkpoint.kind.rawValue) file"
      )
    }
    guard (checkpoint.configuration?["quantization"] ?? .null).isNull else {
      throw QuantizationError("\(checkpoint.path): the model is quantised already; use the original weights")
    }
    self.checkpoint = checkpoint
    plan = try QuantizationPlan(checkpoint, target, mixed: mixed)
  }

  /// Writes the folder.
  /// - Parameters:
  ///   - folder: must not exist.
  ///   - progress: called with the number of parameters that are done, and of all; throws to stop.
  public func write(
    to folder: String, threads: Int, progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws {
    let staging = try StagingFolder(for: folder, bytes: bytes)
    let quantizer = WeightQuantizer(threads: threads)
    let shards = Self.shards(plan.entries)
    var index = JSONObject()
    var done = 0
    for (number, shard) in shards.enumerated() {
      let name = Self.shardName(number, of: shards.count)
      let declarations = shard.flatMap(\.declarations)
      let writer = try SafetensorsWriter(
        staging.file(name), declarations.map { .bytes($0.name, $0.type, $0.shape) },
        metadata: ["format": "mlx"])
      for declaration in declarations { index[declaration.name] = .string(name) }
      for entry in shard {
        try write(entry, writer, quantizer) { count in
          done += count
          try progress(done, parameters)
        }
        // Mapped pages that were read count as memory of the program until they are released.
        checkpoint.advise(.dontNeed)
      }
      try writer.finish()
    }
    try staging.write(indexText(index), "model.safetensors.index.json")
    try staging.write(ModelFiles.configuration(checkpoint, plan), "config.json")
    try ModelFiles.copy(from: checkpoint.path, to: staging)
    try staging.finish()
  }

  private func write(
    _ entry: QuantizationPlan.Entry, _ writer: SafetensorsWriter, _ quantizer: WeightQuantizer,
    progress: (Int) throws -> Void
  ) throws {
    let format = entry.target?.format(entry.type) ?? WeightFormat(entry.type)
    var scales: [Bytes] = [], biases: [Bytes] = []
    var loaded: (source: String, weight: Weight)?
    for part in entry.tensor.tensor.parts {
      let known = loaded?.source == part.source ? loaded?.weight : nil
      let source = try known ?? checkpoint.weight(part.source)
      loaded = (part.source, source)
      guard source.format.numberType != nil || entry.isKept else {
        throw QuantizationError(
          "\(checkpoint.path): \(part.source) is stored as \(source.format); use the original weights")
      }
      let weight = try part.rows(of: source)
      if entry.isKept {
        try writer.append(weight.values)
        if let plane = weight.scales { scales.append(plane) }
        try progress(weight.shape.reduce(1, *))
        continue
      }
      let rows = weight.rows * weight.matrices
      let chunk = max(1, Self.chunkNumbers / max(1, weight.columns))
      for start in stride(from: 0, to: rows, by: chunk) {
        let range = start..<min(rows, start + chunk)
        let planes = try quantized(weight, range, part.factors, to: format, entry.type, quantizer)
        try writer.append(planes.values)
        if let plane = planes.scales { scales.append(plane) }
        if let plane = planes.biases { biases.append(plane) }
        try progress(range.count * weight.columns)
      }
    }
    for plane in scales + biases { try writer.append(plane) }
  }

  private func quantized(
    _ weight: Weight, _ range: Range<Int>, _ factors: [[Float]], to format: WeightFormat,
    _ type: WeightFormat.ScaleType, _ quantizer: WeightQuantizer
  ) throws -> WeightQuantizer.Planes {
    guard !factors.isEmpty, let own = weight.format.numberType else {
      return try quantizer.quantize(weight, rows: range, to: format, type: type)
    }
    let scaled = try quantizer.scaled(weight, rows: range, by: factors, in: own)
    return try quantizer.quantize(scaled, rows: 0..<range.count, to: format, type: type)
  }

  /// Numbers that are quantised between two writes.
  private static let chunkNumbers = 4 << 20

  /// Files of at most 5 GiB, as mlx-lm divides a model.
  private static func shards(_ entries: [QuantizationPlan.Entry]) -> [[QuantizationPlan.Entry]] {
    var shards: [[QuantizationPlan.Entry]] = []
    var size = 0
    for entry in entries {
      if shards.isEmpty || size + entry.bytes > 5 << 30 {
        shards.append([])
        size = 0
      }
      shards[shards.count - 1].append(entry)
      size += entry.bytes
    }
    return shards
  }

  private static func shardName(_ index: Int, of count: Int) -> String {
    count == 1
      ? "model.safetensors" : String(format: "model-%05d-of-%05d.safetensors", index + 1, count)
  }

  private func indexText(_ map: JSONObject) -> String {
    var sorted = JSONObject()
    for key in map.keys.sorted() { sorted[key] = map[key] }
    let index: JSON = [
      "metadata": ["total_size": .integer(bytes), "total_parameters": .integer(parameters)],
      "weight_map": .object(sorted),
    ]
    return index.text(JSONStyle(indent: 4))
  }
}
