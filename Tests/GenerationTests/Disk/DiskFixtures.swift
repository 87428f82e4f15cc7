import Checkpoints
import Compute
import Foundation
import Models
import TestSupport
import Testing

/// A small random model of ModelsTests' fixtures; every folder is used.
struct DiskModel: Sendable, CustomTestStringConvertible {
  let name: String
  let precision: Precision
  var format: CacheFormat?

  var testDescription: String { "\(name), \(precision) \(format.map { $0.rawValue } ?? "")" }

  private static var folder: String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "ModelsTests/Fixtures/tiny").path
  }

  /// Every model in every precision.
  static var all: [DiskModel] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().flatMap { name in
      Precision.allCases.map { DiskModel(name: name, precision: $0) }
        + [DiskModel(name: name, precision: .fast, format: .int8)]
    }
  }

  func load() throws -> (model: any LanguageModel, backend: CPUBackend) {
    let backend = CPUBackend(precision: precision, threads: 2, cacheFormat: format)
    let path = Self.folder + "/" + name
    let gguf = path + "/model.gguf"
    let checkpoint = try Checkpoint.open(FileManager.default.fileExists(atPath: gguf) ? gguf : path)
    return (try Registry.model(checkpoint, backend: backend), backend)
  }
}

/// A model with a sequence of random tokens.
struct Walk {
  let model: any LanguageModel
  let backend: CPUBackend
  var state: SequenceState
  var ledger: [Int32] = []
  var logits: [Float] = []

  init(_ tiny: DiskModel, tokens count: Int) throws {
    (model, backend) = try tiny.load()
    state = SequenceState(caches: model.makeCaches())
    var left = count
    while left > 0 {
      try go(min(left, 200))
      left -= 200
    }
  }

  /// Another sequence of the same model.
  func with(_ state: SequenceState, ledger: [Int32]) -> Walk {
    var other = self
    other.state = state
    other.ledger = ledger
    return other
  }

  /// Processes `count` tokens that are derived from the ledger, in one pass or one by one.
  /// - Returns: all logits.
  @discardableResult
  mutating func go(_ count: Int, oneByOne: Bool = false) throws -> [Float] {
    let width = model.facts.vocabularyCount
    let tokens = (ledger.count..<ledger.count + count).map { Int32(($0 * 7919 + $0 / 13 * 104_729) % width) }
    var all: [Float] = []
    for chunk in oneByOne ? tokens.map({ [$0] }) : [tokens] {
      let input = ForwardInput(tokens: chunk, sequence: state, allLogits: true)
      all += backend.values(try model.forward(input))
      ledger += chunk
    }
    logits = Array(all.suffix(width))
    return all
  }
}

// The files of a store.
extension TemporaryFolder {
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  /// The content of the only file.
  var content: [UInt8] {
    get throws {
      let name = try #require(try names.first)
      return Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }
  }

  /// Replaces the content of the only file.
  func replace(_ content: [UInt8], _ name: String) throws {
    try Data(content).write(to: URL(fileURLWithPath: path + "/" + name))
  }
}
