import ArgumentParser
import Basics
import Checkpoints
import Compute
import Foundation
import LocalEngine
import Models

/// `sotto logits`: a model's raw numbers, to be held against another implementation's.
struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Write a model's logits for given token ids.",
    discussion: """
      The first tokens are read in one pass and give prefill_logits [N, vocabulary]; the rest one by one \
      through the cache give decode_logits. Both are float32 in a safetensors file.
      """)

  @Argument(help: "A model's file or folder, or a name that 'sotto models' lists.")
  var model: String

  @Option(help: "A file with a JSON array of token ids.")
  var tokens: String

  @Option(help: "How many tokens the first pass takes.")
  var prefill: Int

  @Option(help: "The safetensors file to write.")
  var output: String

  @Option(help: "exact: float32 on the weights as stored; fast: activations may be rounded.")
  var precision: Precision = .exact

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cache: CacheOptions

  func run() throws {
    let ids = try Self.tokenIDs(tokens)
    guard (1...ids.count).contains(prefill) else {
      throw CommandError("--prefill takes a number from 1 to \(ids.count), the tokens in \(tokens)")
    }
    let checkpoint = try Checkpoint.open(ModelFinder.fromSettings().resolve(model))
    let backend = CPUBackend(precision: precision, threads: compute.threadCount, cacheFormat: cache.format)
    let model = try Registry.model(checkpoint, backend: backend)
    let vocabulary = model.facts.vocabularyCount
    if let foreign = ids.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
      throw CommandError(
        "\(tokens): token id \(foreign) is outside of the model's vocabulary of \(vocabulary)")
    }
    let writer = try SafetensorsWriter(
      output,
      [
        .float32("prefill_logits", [prefill, vocabulary]),
        .float32("decode_logits", [ids.count - prefill, vocabulary]),
      ])
    let sequence = SequenceState(caches: model.makeCaches())
    let first = try model.forward(
      ForwardInput(tokens: Array(ids[..<prefill]), sequence: sequence, allLogits: true))
    try writer.append(backend.values(first))
    for id in ids[prefill...] {
      try writer.append(backend.values(model.forward(ForwardInput(tokens: [id], sequence: sequence))))
    }
    try writer.finish()
  }

  private static func tokenIDs(_ path: String) throws -> [Int32] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError("\(path): cannot be read; --tokens takes a file with a JSON array of token ids")
    }
    guard case .array(let items) = try JSON(parsing: [UInt8](data)), !items.isEmpty else {
      throw CommandError("\(path): is not a JSON array of token ids, such as [1, 15, 7]")
    }
    return try items.map { item in
      guard let number = item.asInteger, let id = Int32(exactly: number) else {
        throw CommandError("\(path): holds something that is not a token id")
      }
      return id
    }
  }
}
