import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

/// A small random model with a tokenizer, a template and settings, and damaged versions of it.
struct WholeModel: Sendable, CustomTestStringConvertible {
  let name: String
  var testDescription: String { name }

  /// The models that the model tests have, whatever they are.
  static let all: [WholeModel] = {
    let folder = Repository.fixtures("ModelsTests").appending(path: "tiny").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map(
      WholeModel.init)
  }()

  /// The files by name: one `model.gguf`, or those of a folder.
  func files() throws -> [String: [UInt8]] {
    let folder = Repository.tinyModel(name)
    var files: [String: [UInt8]] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where file != "reference.safetensors" {
      files[file] = Array(try Data(contentsOf: folder.appending(path: file)))
    }
    if let gguf = files["model.gguf"] {
      let path = folder.appending(path: "model.gguf").path
      let rows = try Checkpoint.open(path).shape("token_embd.weight")?.first ?? 0
      return ["model.gguf": GGUFBytes.adding(TinyTokenizer(vocabulary: rows).metadata, to: gguf)]
    }
    let configuration = try JSON(parsing: files["config.json"] ?? [])
    let rows = configuration["vocab_size"] ?? configuration["text_config"]?["vocab_size"]
    let tokenizer = TinyTokenizer(vocabulary: rows?.asInteger ?? 0)
    files["tokenizer.json"] = Array(tokenizer.json.text().utf8)
    files["tokenizer_config.json"] = Array(tokenizer.settings.text().utf8)
    files["generation_config.json"] = Array(tokenizer.generation.text().utf8)
    return files
  }

  /// Version `index` of the files: some damaged, always in the same way.
  func mutant(_ index: Int, of files: [String: [UInt8]], members: [(key: String, value: JSON)]) -> [String:
    [UInt8]]
  {
    let seed = name.utf8.reduce(UInt64(index) &* 0x9e37_79b9_7f4a_7c15) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    var random = SplitMix64(seed: seed)
    var result = files
    for _ in 0..<(Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1) {
      let names = files.keys.sorted()
      guard let name = names.randomElement(using: &random), let bytes = result[name] else { continue }
      let isStructured = Int.random(in: 0..<3, using: &random) > 0
      let next = random.next()
      if name.hasSuffix(".json"), isStructured, let value = try? JSON(parsing: bytes) {
        var mutator = JSONMutator(seed: next, others: name == "config.json" ? members : [])
        result[name] = Array(mutator.mutated(value).text().utf8)
      } else if name.hasSuffix(".safetensors"), isStructured {
        result[name] = SafetensorsDamage.mutated(bytes, seed: next)
      } else if name.hasSuffix(".gguf"), isStructured {
        result[name] = GGUFDamage.mutated(bytes, seed: next)
      } else if Int.random(in: 0..<20, using: &random) == 0 {
        result[name] = nil
      } else {
        var mutator = Mutator(seed: next, headerSize: name.hasSuffix(".json") ? bytes.count : 6000)
        result[name] = mutator.mutated(bytes)
      }
    }
    return result
  }
}

/// Damage to the header of a safetensors file behind which the data stays in place.
enum SafetensorsDamage {
  static func mutated(_ bytes: [UInt8], seed: UInt64) -> [UInt8] {
    guard bytes.count > 8 else { return bytes }
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - 8, let header = try? JSON(parsing: Array(bytes[8..<8 + length])) else {
      return bytes
    }
    var random = SplitMix64(seed: seed)
    var mutator = JSONMutator(seed: random.next())
    var changed = header
    if case .object(var tensors) = header, Int.random(in: 0..<2, using: &random) == 0 {
      // A member of one tensor in place of another's, or another name: consistent in itself more often.
      let keys = tensors.keys.filter { $0 != "__metadata__" }
      let (one, other) = (keys.randomElement(using: &random) ?? "", keys.randomElement(using: &random) ?? "")
      switch Int.random(in: 0..<5, using: &random) {
      case 0: tensors[one] = tensors[other]
      case 1: tensors[one] = nil
      case 2:
        tensors[one + ".x"] = tensors[one]
        tensors[one] = nil
      case 3:
        if case .object(var entry)? = tensors[one], case .array(let shape)? = entry["shape"] {
          entry["shape"] = .array(shape.reversed())
          tensors[one] = .object(entry)
        }
      default:
        if case .object(var entry)? = tensors[one] {
          let types = ["F32", "F16", "BF16", "U8", "U32", "I64", "I8", "F64", "F8_E4M3", "BOOL"]
          entry["dtype"] = .string(types.randomElement(using: &random) ?? "F32")
          tensors[one] = .object(entry)
        }
      }
      changed = .object(tensors)
    } else {
      changed = mutator.mutated(header)
    }
    let text = Array(changed.text().utf8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text + bytes[(8 + length)...]
  }
}

/// Damage to the values of a GGUF file's metadata and to its tensors' types and extents, found by their names.
enum GGUFDamage {
  static func mutated(_ bytes: [UInt8], seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      // The end of a random name in the header; what follows is a type and a value, or the extents of a tensor.
      let start = Int.random(in: 24..<max(25, min(bytes.count, 12_000)), using: &random)
      guard let name = bytes[min(start, bytes.count)...].firstIndex(where: { (97...122).contains($0) }),
        let end = bytes[name...].firstIndex(where: { !(0x2e...0x7a).contains($0) }), end + 12 < bytes.count
      else { continue }
      let offset = end + ([0, 4, 4, 4, 12].randomElement(using: &random) ?? 0)
      let values: [UInt64] = [
        0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 64, 65_536, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x7FC0_0000, 0x3F80_0000,
      ]
      var value = values.randomElement(using: &random) ?? 0
      if Int.random(in: 0..<3, using: &random) == 0 {
        value = UInt64(bytes[offset]) &+ (random.next() & 1 == 0 ? 1 : 255)
      }
      let size = Int.random(in: 0..<3, using: &random) == 0 ? 1 : 4
      for index in 0..<size where offset + index < bytes.count {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
      }
    }
    return bytes
  }
}
