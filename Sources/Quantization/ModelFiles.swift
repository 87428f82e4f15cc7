import Basics
import Checkpoints
import Foundation

/// The files of a quantised model beside its weights.
enum ModelFiles {
  /// config.json as mlx-lm writes it: sorted, with the quantisation's settings under two names, without the keys of the
  /// original's place and vision tower, and with the end tokens of generation_config.json.
  static func configuration(_ checkpoint: Checkpoint, _ plan: QuantizationPlan) throws -> String {
    var object = checkpoint.configuration?.asObject ?? JSONObject()
    if let file = try checkpoint.tokenizerFile("generation_config.json"),
      let generation = try? JSON(parsing: file), let ends = generation["eos_token_id"], ends != .integer(0),
      !ends.isNull
    {
      object["eos_token_id"] = ends
    }
    for key in ["_name_or_path", "vision_config", "compression_config"] { object[key] = nil }
    var settings = plan.settings.asObject ?? JSONObject()
    for entry in plan.entries { if let own = entry.settings { settings[entry.tensor.layer] = own } }
    object["quantization"] = .object(settings)
    object["quantization_config"] = .object(settings)
    var sorted = JSONObject()
    for key in object.keys.sorted() { sorted[key] = object[key].map(tagged) }
    return JSON.object(sorted).text(JSONStyle(indent: 4))
  }

  /// A value whose infinite numbers are objects, as transformers and mlx-lm write them: JSON has no infinity.
  private static func tagged(_ value: JSON) -> JSON {
    switch value {
    case .number(let number) where !number.isFinite:
      return ["__float__": number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity"]
    case .array(let values): return .array(values.map(tagged))
    case .object(let members):
      var object = JSONObject()
      for (key, value) in members { object[key] = tagged(value) }
      return .object(object)
    default: return value
    }
  }

  /// Copies the tokenizer, the template, the settings of generation and the model's own code.
  static func copy(from folder: String, to staging: StagingFolder) throws {
    for name in FileSystem.names(in: folder) where isCopied(name) {
      let file = FileSystem.join(folder, name)
      guard FileSystem.isFile(file), FileSystem.size(file).bytes > 0 else { continue }
      let bytes = try MappedFile(file).bytes
      try bytes.withUnsafeBytes { try WholeFileWriter.write($0, to: staging.file(name)) }
    }
  }

  static func isCopied(_ name: String) -> Bool {
    if name == "config.json" || name.hasSuffix(".safetensors.index.json") { return false }
    return [".json", ".jinja", ".model", ".tiktoken", ".py"].contains { name.hasSuffix($0) }
      || ["merges.txt", "vocab.txt"].contains(name)
  }
}

/// A folder that gets its name when it is whole. Until then it has another one beside it; without `finish` it is removed, or
/// by a later run if this one is killed.
final class StagingFolder {
  private let path: String
  private let staging: String
  private var isFinished = false

  /// - Parameter bytes: the expected size of the content, for which there must be room.
  /// - Throws: `FileError` if the folder exists, cannot be made, or does not fit.
  init(for path: String, bytes: Int) throws(FileError) {
    let path = FileSystem.withoutTrailingSlashes(path)
    guard FileSystem.kind(path) == .nothing else {
      throw FileError(.unreadable, file: path, "exists already", advice: "choose another name")
    }
    AbandonedFiles.remove(beside: path)
    self.path = path
    staging = "\(path).\(getpid()).partial"
    try FileSystem.makeFolder(staging)
    chmod(staging, 0o755)
    var status = statvfs()
    if statvfs(staging, &status) == 0 {
      let room = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
      if room < bytes {
        throw FileError(
          .unreadable, file: path, "\(bytes >> 20) MiB are needed, but only \(room >> 20) MiB are free",
          advice: "free some space there")
      }
    }
  }

  deinit { if !isFinished { try? FileManager.default.removeItem(atPath: staging) } }

  /// The path of a file in the folder.
  func file(_ name: String) -> String { FileSystem.join(staging, name) }

  /// Writes a text file.
  func write(_ text: String, _ name: String) throws(FileError) {
    try WholeFileWriter.write(text, to: file(name))
  }

  /// Gives the folder its name.
  func finish() throws(FileError) {
    guard rename(staging, path) == 0 else { throw .writing(errno, path) }
    isFinished = true
  }
}
