import Checkpoints
import Compute
import Foundation
import Generation
import Models
import Synchronization
import Tokenization

/// A model's file with what is needed to talk to it: tokenizer and chat template. No weights are read.
struct OpenedModel: Sendable {
  let checkpoint: Checkpoint
  let tokenizer: Tokenizer
  /// The chat template that the file carries, read once; nil where it has none.
  let ownTemplate: String?
  /// A stand-in where the file carries no chat template.
  let fallback: FallbackTemplate?
  /// Parsed templates.
  let templates = ParsedTemplates()

  /// - Parameter name: a path, or a name that `sotto models` lists.
  init(named name: String) throws {
    try self.init(path: Self.finder().resolve(name))
  }

  init(path: String) throws {
    checkpoint = try Checkpoint.open(path)
    let tokenizer = try Tokenizer(checkpoint: checkpoint)
    self.tokenizer = tokenizer
    ownTemplate = try ChatTemplate.source(in: checkpoint)
    fallback = ownTemplate != nil ? nil : FallbackTemplate.choose { tokenizer.id(of: $0) != nil }
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
  func load(precision: Precision, threads: Int, cacheFormat: CacheFormat? = nil) throws -> LoadedModel {
    let backend = CPUBackend(precision: precision, threads: threads, cacheFormat: cacheFormat)
    let model = try Registry.model(checkpoint, backend: backend)
    return LoadedModel(
      model: model, tokenizer: tokenizer, backend: backend, bytes: checkpoint.fileBytes)
  }

  /// The turn of `sotto generate`: one message, or with `raw` the text as it is.
  func turn(_ text: String, system: String?, raw: Bool) throws -> Turn {
    if raw {
      let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
      return Turn(prompt: Prompt.tokens(tokens), reader: .plain)
    }
    var messages: [JSON] = []
    if let system { messages.append(["role": "system", "content": .string(system)]) }
    messages.append(["role": "user", "content": .string(text)])
    return try turn(messages: .array(messages))
  }
}

/// Chat templates that were parsed before, by their source.
final class ParsedTemplates: Sendable {
  private let parsed = Mutex<[String: ChatTemplate]>([:])

  /// The template of a source.
  func template(_ source: String) throws(TemplateError) -> ChatTemplate {
    if let known = parsed.withLock({ $0[source] }) { return known }
    let template = try ChatTemplate(source: source)
    parsed.withLock { $0[source] = template }
    return template
  }
}
