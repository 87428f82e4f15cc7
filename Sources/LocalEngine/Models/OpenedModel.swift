import Basics
import Checkpoints
import Compute
import Foundation
import Generation
import Models
import Synchronization
import Templates
import Tokenization

/// A model's file with what is needed to talk to it: tokenizer and chat template. No weights are read.
package struct OpenedModel: Sendable {
  package let checkpoint: Checkpoint
  package let tokenizer: Tokenizer
  /// The chat template that the file carries, read once; nil where it has none.
  let ownTemplate: String?
  /// A stand-in where the file carries no chat template.
  let fallback: FallbackTemplate?
  /// Parsed templates.
  let templates = ParsedTemplates()

  package init(path: String) throws {
    checkpoint = try Checkpoint.open(path)
    let tokenizer = try Tokenizer(checkpoint: checkpoint)
    self.tokenizer = tokenizer
    ownTemplate = try ChatTemplate.source(in: checkpoint)
    fallback = ownTemplate != nil ? nil : FallbackTemplate.choose { tokenizer.id(of: $0) != nil }
  }

  /// Texts that end an answer beside the model's own end tokens.
  package var stopStrings: [String] { fallback?.stopStrings ?? [] }

  /// The model in memory: its weights are mapped, not read.
  package func load(precision: Precision, threads: Int, cacheFormat: CacheFormat? = nil) throws -> LoadedModel
  {
    let backend = CPUBackend(precision: precision, threads: threads, cacheFormat: cacheFormat)
    let model = try Registry.model(checkpoint, backend: backend)
    return LoadedModel(
      model: model, tokenizer: tokenizer, backend: backend, bytes: checkpoint.fileBytes)
  }

  /// The turn of `sotto generate`: one message, or with `raw` the text as it is.
  package func turn(_ text: String, system: String?, raw: Bool) throws -> Turn {
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
