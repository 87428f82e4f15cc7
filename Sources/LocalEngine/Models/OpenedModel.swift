import Basics
import Checkpoints
import Compute
import Conversation
import Devices
import Foundation
import Generation
import Models
import Templates
import Tokenization

/// An opened model with its tokenizer and chat template. No weights are read.
package struct OpenedModel: Sendable {
  package let checkpoint: Checkpoint
  package let tokenizer: Tokenizer
  /// The chat template of the model, read once; nil if it has none.
  let ownTemplate: String?
  /// The replacement if the model has no chat template.
  let fallback: FallbackTemplate?
  /// How the template ends the assistant's turn.
  private let turnEnd: TurnEnd?
  /// Parsed templates.
  let templates = ParsedTemplates()

  /// - Parameter cache: where compiled vocabularies are stored; nil to compile every time.
  package init(path: String, cache: VocabularyCache? = .standard) throws {
    checkpoint = try Checkpoint.open(path)
    let tokenizer = try Self.tokenizer(of: checkpoint, cache: cache)
    ownTemplate = try ChatTemplate.source(in: checkpoint)
    fallback = ownTemplate != nil ? nil : FallbackTemplate.choose { tokenizer.id(of: $0) != nil }
    turnEnd = Self.turnEnd(checkpoint, ownTemplate ?? fallback?.source, templates, tokenizer)
    let ending = turnEnd.map { tokenizer.endingGeneration(at: $0.tokens) } ?? tokenizer
    let tags = (ownTemplate ?? fallback?.source).flatMap { ReasoningParser.Tags.used(in: $0) }
    // Where the tags are control tokens, skipping them would show the reasoning as the answer.
    self.tokenizer = tags.map { ending.showing($0.controlTexts) } ?? ending
  }

  /// The tokenizer of a model, which needs no weights.
  package static func tokenizer(
    of checkpoint: Checkpoint, cache: VocabularyCache? = .standard
  ) throws(TokenizerError) -> Tokenizer {
    let isHarmony = Registry.conversationFormat(of: checkpoint) == .harmony
    return try Tokenizer(checkpoint: checkpoint, cache: cache, isHarmony: isHarmony)
  }

  private static func turnEnd(
    _ checkpoint: Checkpoint, _ source: String?, _ templates: ParsedTemplates, _ tokenizer: Tokenizer
  ) -> TurnEnd? {
    guard let source, Registry.conversationFormat(of: checkpoint) == .template else { return nil }
    let variables = variables(of: tokenizer)
    return try? TurnEnd(of: templates.template(source, variables), variables: variables, tokenizer)
  }

  /// Texts that end an answer, in addition to the end-of-generation tokens of the model.
  package var stopStrings: [String] {
    (fallback?.stopStrings ?? []) + (turnEnd?.stopStrings ?? []) + (checkpoint.ollama?.stopStrings ?? [])
  }

  /// Loads the model: its weights are mapped, not read, or they are repacked or copied to a device.
  /// - Parameters:
  ///   - observer: follows the load.
  ///   - notify: called with why the device is another one than the user may expect, and with what may be wrong with the
  ///     model's files.
  package func load(
    precision: Precision, threads: Int, cacheFormat: CacheFormat? = nil, device: DeviceChoice = .processor,
    observer: LoadingObserver? = nil, notify: (String) -> Void = { _ in }
  ) throws -> LoadedModel {
    let made = try Devices.make(
      device, weights: checkpoint.fileBytes, precision: precision, threads: threads, cacheFormat: cacheFormat)
    if let notice = made.notice { notify(notice) }
    var warnings: [String] = []
    let model = try Registry.model(
      checkpoint, backend: made.backend, observer: observer, warn: { warnings.append($0) })
    for warning in warnings { notify("\(checkpoint.name): \(warning)") }
    return LoadedModel(
      model: model, tokenizer: tokenizer, backend: made.backend, bytes: checkpoint.fileBytes,
      device: ModelDevice(name: made.name, notice: made.notice),
      warning: warnings.isEmpty ? nil : warnings.joined(separator: "; "))
  }

  /// The turn of `sotto generate`: one user message, or the unmodified text if `raw` is set.
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
