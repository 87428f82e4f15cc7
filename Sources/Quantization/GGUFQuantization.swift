import Basics
import Checkpoints
import Compute
import Foundation
import Models

/// Writes a model of safetensors files to a GGUF file, which llama.cpp and Sotto load: with the metadata and the tokenizer
/// of llama.cpp's converter, and its choice of a format for every layer.
public struct GGUFQuantization {
  private let checkpoint: Checkpoint
  private let export: GGUFExport
  private let target: GGUFTarget
  private let vocabulary: GGUFVocabulary
  private let entries: [(name: String, shape: [Int], format: WeightFormat, bytes: Int)]
  /// The size of the tensors in bytes.
  public var bytes: Int { entries.reduce(0) { $0 + $1.bytes } }
  /// Bits per parameter.
  public var bitsPerParameter: Double { Double(bytes) * 8 / Double(max(1, parameters)) }
  private var parameters: Int { entries.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// - Parameter template: the chat template.
  /// - Throws: `QuantizationError`, `ModelError` or `FileError` if the model cannot be written so.
  public init(_ checkpoint: Checkpoint, to target: GGUFTarget, template: String?) throws {
    guard checkpoint.kind == .safetensors, (checkpoint.configuration?["quantization"] ?? .null).isNull else {
      throw QuantizationError(
        "\(checkpoint.path): only unquantised models in safetensors files can be written to a GGUF file")
    }
    self.checkpoint = checkpoint
    self.target = target
    export = try GGUFExport(checkpoint)
    let names = export.tensors.map(\.name)
    guard let embedding = export.tensors.first(where: { $0.name == "token_embd.weight" }),
      let rows = checkpoint.shape(embedding.source)?.first
    else { throw QuantizationError("\(checkpoint.path): the model has no embedding") }
    vocabulary = try GGUFVocabulary(checkpoint, count: rows, template: template)
    let layers = (names.compactMap { Self.layer($0) }.max() ?? -1) + 1
    let isTied = !names.contains("output.weight")
    entries = try export.tensors.map { name, source in
      let shape = checkpoint.shape(source) ?? []
      guard try checkpoint.weight(source).format.numberType != nil else {
        throw QuantizationError(
          "\(checkpoint.path): \(source) is quantised already; use the original weights")
      }
      let format = target.format(name, shape, layers: layers, isTied: isTied)
      let bytes = shape.reduce(1, *) / format.blockColumns * format.blockBytes
      return (name, shape, format, bytes)
    }
  }

  private static func layer(_ name: String) -> Int? {
    let parts = name.split(separator: ".")
    return parts.count > 2 && parts[0] == "blk" ? Int(parts[1]) : nil
  }

  /// Writes the file, which gets its name when it is whole.
  /// - Parameters:
  ///   - path: must not exist.
  ///   - progress: called with the number of parameters that are done, and of all; throws to stop.
  public func write(
    to path: String, threads: Int, progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws {
    guard FileSystem.kind(path) == .nothing else {
      throw FileError(.unreadable, file: path, "exists already", advice: "choose another name")
    }
    var declarations = try entries.map { try GGUFWriter.Declaration($0.name, $0.format, $0.shape) }
    if let factors = export.rotaryFactors {
      declarations.insert(try GGUFWriter.Declaration("rope_freqs.weight", .float32, [factors.count]), at: 0)
    }
    let writer = try GGUFWriter(path, metadata: metadata, tensors: declarations)
    if let factors = export.rotaryFactors {
      try writer.append(Bytes(copying: factors))
      try writer.finishTensor(factors.count * 4)
    }
    let quantizer = WeightQuantizer(threads: threads)
    var done = 0
    for (index, entry) in entries.enumerated() {
      let weight = try export.weight(index)
      let rows = weight.rows * weight.matrices
      let chunk = max(1, (4 << 20) / max(1, weight.columns))
      for start in stride(from: 0, to: rows, by: chunk) {
        let range = start..<min(rows, start + chunk)
        try writer.append(quantizer.quantize(weight, rows: range, to: entry.format, type: .float32).values)
        done += range.count * weight.columns
        try progress(done, parameters)
      }
      try writer.finishTensor(entry.bytes)
      // Mapped pages that were read count as memory of the program until they are released.
      checkpoint.advise(.dontNeed)
    }
    try writer.finish()
  }

  private var metadata: [(key: String, value: GGUFField)] {
    let general: [(key: String, value: GGUFField)] = [
      ("general.architecture", .string(export.architecture)), ("general.type", .string("model")),
      ("general.name", .string(FileSystem.lastComponent(checkpoint.name))),
      ("general.size_label", .string(sizeLabel)), ("general.file_type", .integer(target.fileType)),
      ("general.quantization_version", .integer(2)),
    ]
    return general + export.metadata + vocabulary.fields
  }

  /// The number of parameters with one digit and a unit, such as "135M" or "4.0B".
  private var sizeLabel: String {
    let count = Double(parameters)
    return count < 1e9 ? String(format: "%.0fM", count / 1e6) : String(format: "%.1fB", count / 1e9)
  }
}
