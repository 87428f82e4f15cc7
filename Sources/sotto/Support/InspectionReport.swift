import Basics
import Checkpoints
import Conversation
import LocalEngine
import Models
import Templates
import Tokenization

/// What `sotto inspect` says about a model.
struct InspectionReport {
  let checkpoint: Checkpoint
  /// The tokenizer, or why it cannot be used.
  let tokenizer: Result<Tokenizer, any Error>
  /// The chat template, or why it cannot be read.
  let template: Result<String?, any Error>
  /// Why the model cannot be run; nil if it can.
  let problem: String?
  /// What may be wrong with it.
  let warnings: [String]

  init(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    tokenizer = Result { try OpenedModel.tokenizer(of: checkpoint) }
    template = Result { try ChatTemplate.source(in: checkpoint) }
    if let problem = Registry.problem(with: checkpoint.summary) {
      (self.problem, warnings) = (problem, [])
    } else {
      let trial = Registry.trial(checkpoint, limit: .seconds(2))
      (problem, warnings) = (trial.problem, trial.warnings)
    }
  }

  /// The keys of the configuration or of the metadata with short forms of their values.
  var keys: [(key: String, value: JSON)] {
    if let metadata = checkpoint.gguf {
      return metadata.keys.map { ($0, metadata[$0].map { Self.json($0) } ?? .null) }
    }
    return checkpoint.configuration?.asObject.map { Array($0) } ?? []
  }

  /// Long arrays are shown by their type and count.
  private static func json(_ value: GGUFValue) -> JSON {
    switch value {
    case .integer(let number): .integer(number)
    case .number(let number): .number(number)
    case .bool(let flag): .bool(flag)
    case .string(let bytes): .string(bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    case .strings(let strings):
      strings.count <= 16
        ? .array(strings.strings().map { .string($0) }) : .string("\(strings.count) strings")
    case .numbers(let numbers):
      numbers.count > 64
        ? .string("\(numbers.count) numbers")
        : .array(numbers.integers()?.map { .integer($0) } ?? numbers.floats().map { .number(Double($0)) })
    case .arrays(let count): .string("\(count) arrays")
    }
  }

  /// The object of `sotto inspect --json`.
  var json: JSON {
    var object = JSONObject()
    object["name"] = .string(checkpoint.name)
    object["path"] = .string(checkpoint.path)
    object["format"] = .string(checkpoint.kind.rawValue)
    object["architecture"] = checkpoint.architecture.map { .string($0) } ?? .null
    object["parameters"] = .integer(checkpoint.parameters)
    object["quantization"] = .string(checkpoint.quantizationLabel)
    object["size_bytes"] = .integer(checkpoint.fileBytes)
    object["problem"] = problem.map { .string($0) } ?? .null
    object["warnings"] = .array(warnings.map { .string($0) })
    object["files"] = .array(checkpoint.files.map { .string($0) })
    var keys = JSONObject()
    for (key, value) in self.keys { keys[key] = value }
    object["keys"] = .object(keys)
    object["tokenizer"] = tokenizerJSON
    object["template"] = (try? template.get()).flatMap { $0 }.map { .string($0) } ?? .null
    object["tensors"] = .array(
      checkpoint.tensors.map { tensor in
        [
          "name": .string(tensor.name), "type": .string(tensor.type),
          "shape": .array(tensor.shape.map { .integer($0) }), "file": .integer(tensor.file),
          "offset": .integer(tensor.bytes.lowerBound), "bytes": .integer(tensor.bytes.count),
        ]
      })
    return .object(object)
  }

  private var tokenizerJSON: JSON {
    guard let tokenizer = try? tokenizer.get() else { return .null }
    return [
      "tokens": .integer(tokenizer.vocabularyCount),
      "bos": tokenizer.bosToken.map { .integer(Int($0)) } ?? .null,
      "eos": tokenizer.eosToken.map { .integer(Int($0)) } ?? .null,
      "end_of_generation": .array(tokenizer.endOfGenerationTokens.map { .integer(Int($0)) }),
    ]
  }
}

extension InspectionReport {
  /// The report for a person: a summary, keys, tensors, the tokenizer and the template.
  var text: String {
    var lines = [
      "name          \(checkpoint.name)", "path          \(checkpoint.path)",
      "format        \(checkpoint.kind.rawValue), \(checkpoint.quantizationLabel)",
      "architecture  \(checkpoint.architecture ?? "not named")",
      "size          \(ModelTable.count(checkpoint.parameters)) parameters, \(ModelTable.size(checkpoint.fileBytes)), "
        + "\(checkpoint.tensors.count) tensors in \(checkpoint.files.count) file\(checkpoint.files.count == 1 ? "" : "s")",
    ]
    if let problem { lines.append("cannot be run: \(problem)") }
    lines += warnings.map { "warning       \($0)" }
    lines += ["tokenizer     \(tokenizerText)", "", "Keys"]
    lines += keys.map { "  \($0.key) = \(Self.short($0.value.text()))" }
    lines += ["", "Tensors"]
    let width = checkpoint.tensors.map(\.name.count).max() ?? 0
    lines += checkpoint.tensors.map { tensor in
      let name = tensor.name + String(repeating: " ", count: width - tensor.name.count)
      return "  \(name)  \(tensor.type)  \(tensor.shape.map(String.init).joined(separator: " x "))"
    }
    lines += ["", "Template"]
    switch template {
    case .success(let source?): lines.append(source)
    case .success(nil): lines.append("  none")
    case .failure(let error): lines.append("  cannot be read: \(error)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var tokenizerText: String {
    switch tokenizer {
    case .failure(let error): return "cannot be used: \(error)"
    case .success(let tokenizer):
      let ends = tokenizer.endOfGenerationTokens.map(String.init).joined(separator: ", ")
      let start = tokenizer.bosToken.map { "begins with \($0), " } ?? ""
      return "\(tokenizer.vocabularyCount) tokens, \(start)ends with \(ends.isEmpty ? "none" : ends)"
    }
  }

  private static func short(_ text: String) -> String { text.count > 100 ? text.prefix(97) + "..." : text }
}
