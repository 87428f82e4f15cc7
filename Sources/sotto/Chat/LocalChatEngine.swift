import Checkpoints
import Conversation
import Foundation
import Generation
import TerminalInterface

/// The chat's engine on this machine: finds and opens models, renders conversations with the current one's
/// template, and passes on what the generator gives.
actor LocalChatEngine: ChatEngine {
  private let generator = Generator()
  private let finder: ModelFinder
  private let threads: Int
  private var current: Open?
  private var cancellation: CancellationFlag?

  /// The model that answers.
  private struct Open {
    let model: OpenedModel
    let info: ModelInfo
    var key: String { model.checkpoint.path }
  }

  init(finder: ModelFinder, threads: Int) {
    self.finder = finder
    self.threads = threads
  }

  // Models

  func models() async -> [ModelSummary] {
    var summaries: [ModelSummary] = []
    for entry in finder.entries() where entry.error == nil {
      summaries.append(
        ModelSummary(
          name: entry.name, bytes: entry.bytes, quantisation: entry.quantization ?? "",
          isResident: await generator.isResident(entry.path)))
    }
    return summaries
  }

  func currentModel() -> ModelInfo? { current?.info }

  func switchModel(to name: String) async throws -> ModelInfo {
    let model = try OpenedModel(path: finder.resolve(name))
    let threads = threads
    let facts = try await generator.load(model.checkpoint.path) {
      try model.load(precision: .fast, threads: threads)
    }
    let info = ModelInfo(
      name: model.checkpoint.name, quantisation: model.checkpoint.quantizationLabel,
      contextLength: facts.contextLength,
      efforts: model.efforts())
    current = Open(model: model, info: info)
    return info
  }

  func defaultSettings() -> ChatSettings {
    var settings = ChatSettings()
    settings.topK = 40
    settings.minP = 0.05
    return settings
  }

  // Answers

  nonisolated func send(_ request: ChatRequest) -> AsyncStream<EngineEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: EngineEvent.self)
    let task = Task {
      await self.answer(request) { continuation.yield($0) }
      continuation.finish()
    }
    continuation.onTermination = { reason in
      guard case .cancelled = reason else { return }
      task.cancel()
      Task { await self.cancel() }
    }
    return stream
  }

  func cancel() { cancellation?.cancel() }

  private func answer(_ request: ChatRequest, _ emit: @Sendable (EngineEvent) -> Void) async {
    guard let current else {
      emit(.failed("No model is loaded; choose one with /model."))
      return
    }
    let flag = CancellationFlag()
    cancellation = flag
    do {
      let (generation, reader) = try self.request(request, current.model)
      var translation = EventTranslation(reader)
      for await event in generator.generate(current.key, generation, cancellation: flag) {
        for translated in translation.translate(event) { emit(translated) }
      }
    } catch {
      emit(.failed("\(error)"))
    }
  }

  private func request(
    _ request: ChatRequest, _ model: OpenedModel
  ) throws -> (request: GenerationRequest, reader: ReplyReader) {
    let settings = request.settings
    var variables: [String: JSON] = [:]
    if let effort = settings.effort { variables["reasoning_effort"] = .string(effort) }
    let turn = try model.turn(messages: .array(request.messages.map(Self.json)), variables: variables)
    let generation = GenerationRequest(
      prompt: turn.prompt,
      sampling: SamplingSettings(
        temperature: Float(settings.temperature), topP: Float(settings.topP), topK: settings.topK,
        minP: Float(settings.minP), repetitionPenalty: Float(settings.repetitionPenalty),
        seed: settings.seed.map { UInt64(bitPattern: Int64($0)) }),
      maxTokens: settings.maxTokens ?? .max, stopStrings: model.stopStrings,
      thoughtLimit: turn.thoughtLimit)
    return (generation, turn.reader)
  }

  /// A message as templates read it.
  private static func json(_ message: Message) -> JSON {
    var object = JSONObject()
    object["role"] = .string(message.role.rawValue)
    object["content"] = .string(message.content)
    if !message.reasoning.isEmpty { object["reasoning_content"] = .string(message.reasoning) }
    return .object(object)
  }
}
