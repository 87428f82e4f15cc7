import Basics
import Checkpoints
import Compute
import Foundation
import Generation
import Models
import Testing

/// The small random models of the model tests, one per architecture.
struct TinyModels: Sendable, CustomTestStringConvertible {
  let name: String

  var testDescription: String { name }

  static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../ModelsTests/Fixtures/tiny").standardized
  }

  /// The first model of each architecture that has a config.json.
  static var kinds: [TinyModels] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var seen: Set<String> = []
    return names.sorted().map(TinyModels.init).filter { model in
      guard let type = model.architecture else { return false }
      return seen.insert(type).inserted
    }
  }

  var architecture: String? {
    guard let data = FileManager.default.contents(atPath: path + "/config.json"),
      let json = try? JSON(parsing: String(decoding: data, as: UTF8.self))
    else { return nil }
    return json["model_type"]?.asString
  }

  var path: String { Self.folder.appending(path: name).path }

  /// The model, without a tokenizer.
  func load(_ precision: Precision = .exact) throws -> LoadedModel {
    let backend = CPUBackend(precision: precision, threads: 2)
    let checkpoint = try Checkpoint.open(path)
    return LoadedModel(
      model: try Registry.model(checkpoint, backend: backend), tokenizer: nil, backend: backend,
      bytes: checkpoint.fileBytes)
  }
}

extension LoadedModel {
  /// The logits after `tokens`, from a cold start in one pass.
  func coldLogits(_ tokens: [Int32], chunk: Int = .max) throws -> [Float] {
    let state = SequenceState(caches: model.makeCaches())
    var start = 0, last: Tensor?
    while start < tokens.count {
      let end = start + min(chunk, tokens.count - start)
      last = try model.forward(ForwardInput(tokens: Array(tokens[start..<end]), sequence: state))
      start = end
    }
    return last.map(backend.values) ?? []
  }

  /// The distance of logits from those of a cold start.
  ///
  /// Where two experts have the same score but for the last bits, the order of summation decides between them, and the
  /// logits of a prefill in one pass and in chunks differ by far more than rounding (seen: 0.02 after 332 tokens of a
  /// tiny Qwen3 mixture, with all chunk sizes from 1 to 128 on one side). So either counts as cold.
  func distanceFromCold(_ logits: [Float], _ tokens: [Int32], bar: Float) throws -> Float {
    let whole = distance(logits, try coldLogits(tokens))
    return whole < bar ? whole : min(whole, distance(logits, try coldLogits(tokens, chunk: 64)))
  }

  /// The greedy answer to `tokens`, from a cold start.
  func coldAnswer(_ tokens: [Int32], count: Int) throws -> [Int32] {
    let state = SequenceState(caches: model.makeCaches())
    var logits = backend.values(try model.forward(ForwardInput(tokens: tokens, sequence: state)))
    var answer: [Int32] = []
    for _ in 0..<count {
      let id = Int32(logits.indices.max { logits[$0] < logits[$1] } ?? 0)
      answer.append(id)
      logits = backend.values(try model.forward(ForwardInput(tokens: [id], sequence: state)))
    }
    return answer
  }

  /// Random tokens.
  func tokens(_ count: Int, _ random: inout SplitMix64) -> [Int32] {
    (0..<count).map { _ in Int32.random(in: 0..<Int32(model.facts.vocabularyCount), using: &random) }
  }
}

/// The largest difference over the standard deviation of `expected`.
func distance(_ ours: [Float], _ expected: [Float]) -> Float {
  guard ours.count == expected.count, !expected.isEmpty else { return .infinity }
  let mean = expected.reduce(0, +) / Float(expected.count)
  let deviation = (expected.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(expected.count)).squareRoot()
  return zip(ours, expected).reduce(0) { max($0, $1.0.isFinite ? abs($1.0 - $1.1) : .infinity) } / deviation
}
