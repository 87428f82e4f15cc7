import ArgumentParser
import Basics
import Checkpoints
import Compute
import Devices
import Foundation
import LocalEngine
import Models

/// `sotto logits`: writes the logits of a model, to compare them with another implementation.
struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Write the logits of a model for given token ids.",
    discussion: """
      One prefill pass over the first tokens gives prefill_logits [N, vocabulary]. Decoding the remaining tokens one by \
      one with the cache gives decode_logits. Both are float32 in a safetensors file.
      """)

  @Argument(
    help: "The file or folder of a model, or a name from 'sotto models' (default: the one in the settings).",
    completion: .model)
  var model: String?

  @Option(help: "A file with a JSON array of token ids.")
  var tokens: String

  @Option(help: "Number of tokens in the prefill pass.")
  var prefill: Int

  @Option(help: "The safetensors file to write.")
  var output: String

  @Option(help: "exact: computes in float32; fast: activations may be quantised.")
  var precision: Precision = .exact

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cache: CacheOptions

  func run() throws {
    let ids = try Self.tokenIDs(tokens)
    guard (1...ids.count).contains(prefill) else {
      throw CommandError(
        "--prefill must be a number from 1 to \(ids.count), the number of tokens in \(tokens), not \(prefill)"
      )
    }
    let checkpoint = try OpenedModel.checkpoint(named: model)
    let backend = try Devices.make(
      compute.device, weights: checkpoint.fileBytes, precision: precision, threads: compute.threadCount,
      cacheFormat: cache.format
    ).backend
    let model = try Registry.model(checkpoint, backend: backend, warn: { Console.note($0) })
    let vocabulary = model.facts.vocabularyCount
    if let invalid = ids.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
      throw CommandError(
        "\(tokens): token id \(invalid) is not in the vocabulary, which has ids from 0 to \(vocabulary - 1)")
    }
    guard ids.count <= model.facts.contextLength else {
      throw CommandError(
        "\(tokens): \(ids.count) tokens exceed the model's context of \(model.facts.contextLength)")
    }
    let writer = try SafetensorsWriter(
      output,
      [
        .float32("prefill_logits", [prefill, vocabulary]),
        .float32("decode_logits", [ids.count - prefill, vocabulary]),
      ])
    let sequence = SequenceState(caches: model.makeCaches())
    var input = ForwardInput(tokens: Array(ids[..<prefill]), sequence: sequence, allLogits: true)
    input.isPrefill = true
    try writer.append(backend.values(model.forward(input)))
    for id in ids[prefill...] {
      try writer.append(backend.values(model.forward(ForwardInput(tokens: [id], sequence: sequence))))
    }
    try (backend as? any FallibleBackend)?.throwIfFailed()
    try writer.finish()
  }

  private static func tokenIDs(_ path: String) throws -> [Int32] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError("\(path): cannot be read; --tokens requires a file with a JSON array of token ids")
    }
    guard case .array(let items) = try JSON(parsing: [UInt8](data)), !items.isEmpty else {
      throw CommandError("\(path): not a JSON array of token ids, such as [1, 15, 7]")
    }
    return try items.map { item in
      guard let number = item.asInteger, let id = Int32(exactly: number) else {
        throw CommandError("\(path): \(item.text()) is not a token id")
      }
      return id
    }
  }
}
