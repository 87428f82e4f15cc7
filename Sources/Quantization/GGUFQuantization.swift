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
  private let formats: [WeightFormat]
  /// The size of the tensors in bytes.
  public var bytes: Int {
    zip(export.tensors, formats).reduce(0) { $0 + Self.bytes($1.0.shape, $1.1) }
  }
  /// Bits per parameter.
  public var bitsPerParameter: Double { Double(bytes) * 8 / Double(max(1, parameters)) }
  private var parameters: Int { export.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }

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
    guard let embedding = export.tensors.first(where: { $0.name == "token_embd.weight" }) else {
      throw QuantizationError("\(checkpoint.path): the model has no embedding")
    }
    vocabulary = try GGUFVocabulary(
      checkpoint, count: embedding.shape[0], architecture: export.architecture, template: template)
    var formats = GGUFFormatPlan.formats(
      export.tensors.map { ($0.name, $0.shape) }, target, architecture: export.architecture,
      experts: export.experts, layers: export.layers)
    for (index, tensor) in export.tensors.enumerated() {
      let format = try checkpoint.weight(tensor.parts[0].source).format
      if format == .mxfp4Planar {
        formats[index] = .mxfp4
      } else if format.numberType == nil {
        throw QuantizationError(
          "\(checkpoint.path): \(tensor.parts[0].source) is quantised already; use the original weights")
      }
    }
    self.formats = formats
  }

  private static func bytes(_ shape: [Int], _ format: WeightFormat) -> Int {
    shape.reduce(1, *) / format.blockColumns * format.blockBytes
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
    AbandonedFiles.remove(beside: path)
    let tables = try export.tables.map {
      try GGUFWriter.Declaration($0.name, .float32, [$0.factors.count])
    }
    let declarations = try zip(export.tensors, formats).map {
      try GGUFWriter.Declaration($0.name, $1, $0.shape)
    }
    let writer = try GGUFWriter(path, metadata: metadata, tensors: tables + declarations)
    for table in export.tables {
      try writer.append(Bytes(copying: table.factors))
      try writer.finishTensor(table.factors.count * 4)
    }
    let rows = GGUFRows(threads: threads)
    let total = parameters
    var done = 0
    for (tensor, format) in zip(export.tensors, formats) {
      var loaded: (source: String, weight: Weight)?
      for part in tensor.parts {
        let known = loaded?.source == part.source ? loaded?.weight : nil
        let source = try known ?? checkpoint.weight(part.source)
        loaded = (part.source, source)
        try rows.write(part.rows(of: source), factors: part.factors, to: format) { values, numbers in
          try writer.append(values)
          done += numbers
          try progress(done, total)
        }
      }
      try writer.finishTensor(Self.bytes(tensor.shape, format))
      // Mapped pages that were read count as memory of the program until they are released.
      checkpoint.advise(.dontNeed)
    }
    try writer.finish()
  }

  private var metadata: [(key: String, value: GGUFField)] {
    let general: [(key: String, value: GGUFField)] = [
      ("general.architecture", .string(export.architecture)), ("general.type", .string("model")),
      ("general.name", .string(FileSystem.lastComponent(checkpoint.name))),
      ("general.size_label", .string(sizeLabel)), ("general.file_type", .integer(fileType)),
      ("general.quantization_version", .integer(2)),
    ]
    return general + export.metadata + vocabulary.fields
  }

  /// Floats beside layers in MXFP4 are a mix of their own.
  private var fileType: UInt32 {
    !target.isQuantized && formats.contains(.mxfp4) ? 38 : target.fileType
  }

  /// The number of parameters with at least two digits and a unit, such as "135M", "4.0B" or, for experts, "8x7.2B".
  private var sizeLabel: String {
    var shared = 0, experts = 0, counts: [Int] = []
    for tensor in export.tensors {
      let size = tensor.shape.reduce(1, *)
      let isStack = tensor.name.contains("_exps.") && tensor.shape.count >= 3
      if isStack {
        experts += size / tensor.shape[0]
        counts.append(tensor.shape[0])
      } else {
        shared += size
      }
    }
    let mean = counts.isEmpty ? 0 : counts.reduce(0, +) / counts.count
    return (mean > 0 ? "\(mean)x" : "") + Self.rounded(shared + experts)
  }

  private static func rounded(_ count: Int) -> String {
    let units = [(1e12, "T"), (1e9, "B"), (1e6, "M")]
    let (unit, name) = units.first { Double(count) > $0.0 } ?? (1e3, "K")
    let scaled = Double(count) / unit
    let whole = scaled.rounded(.toNearestOrEven)
    let digits = whole == 0 ? 0 : "\(Int(whole))".count
    return String(format: "%.\(max(2 - digits, 0))f", scaled) + name
  }
}
