import Checkpoints
import Compute
import Foundation
import Generation
import Models
import Tokenization

/// A model's file with what is needed to talk to it: tokenizer and chat template. No weights are read.
struct OpenedModel: Sendable {
  let checkpoint: Checkpoint
  let tokenizer: Tokenizer
  /// A stand-in where the file carries no chat template.
  let fallback: FallbackTemplate?

  /// - Parameter name: a path, or a name that `sotto models` lists.
  init(named name: String) throws {
    try self.init(path: Self.finder().resolve(name))
  }

  init(path: String) throws {
    checkpoint = try Checkpoint.open(path)
    let tokenizer = try Tokenizer(checkpoint: checkpoint)
    self.tokenizer = tokenizer
    let carries = try ChatTemplate.source(in: checkpoint) != nil
    fallback = carries ? nil : FallbackTemplate.choose { tokenizer.id(of: $0) != nil }
  }

  /// Texts that end an answer beside the model's own end tokens.
  var stopStrings: [String] { fallback?.stopStrings ?? [] }

  /// The models on this machine: Sotto's folder, the Hugging Face cache, and the folders in the settings.
  static func finder() throws -> ModelFinder {
    ModelFinder(ModelPlaces(others: try Settings.load().folders))
  }

  /// Only a model's tokenizer; a folder without weights will do.
  static func tokenizer(named name: String) throws -> Tokenizer {
    try Tokenizer.load(path: finder().resolve(name))
  }

  /// The model in memory: its weights are mapped, not read.
  func load(precision: Precision, threads: Int) throws -> LoadedModel {
    let backend = CPUBackend(precision: precision, threads: threads)
    let model = try Registry.model(checkpoint, backend: backend)
    return LoadedModel(model: model, tokenizer: tokenizer, backend: backend)
  }

  /// A conversation as the model gets it.
  ///
  /// - Parameter source: a Jinja template to take instead of the model's own.
  func render(
    messages: JSON, tools: JSON? = nil, addGenerationPrompt: Bool = true, variables: [String: JSON] = [:],
    template source: String? = nil
  ) throws -> String {
    let own = try source ?? ChatTemplate.source(in: checkpoint, forTools: tools != nil) ?? fallback?.source
    var all: [String: JSON] = ["bos_token": text(tokenizer.bosToken), "eos_token": text(tokenizer.eosToken)]
    all.merge(variables) { $1 }
    return try ChatTemplate(source: own ?? "").render(
      messages: messages, tools: tools, addGenerationPrompt: addGenerationPrompt, variables: all)
  }

  private func text(_ token: Int32?) -> JSON {
    .string(token.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) } ?? "")
  }

  /// The prompt of `sotto generate`.
  func prompt(_ text: String, system: String?, raw: Bool) throws -> GenerationRequest.Prompt {
    if raw { return .tokens(tokenizer.encode(text, addSpecial: true, parseSpecial: true)) }
    var messages: [JSON] = []
    if let system { messages.append(["role": "system", "content": .string(system)]) }
    messages.append(["role": "user", "content": .string(text)])
    return .rendered(try render(messages: .array(messages)))
  }
}
