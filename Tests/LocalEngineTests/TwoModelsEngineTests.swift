import Checkpoints
import Conversation
import Foundation
import Generation
import LocalEngine
import Testing

/// Answers of two models to one message through the chat engine, as `/ask` requests them.
struct TwoModelsEngineTests {
  private static let names = ["mamba2-plain", "qwen3-next-bf16"]

  /// The answer and the messages about waiting.
  private func answer(
    _ events: AsyncStream<EngineEvent>
  ) async -> (text: String, waits: [String], isDone: Bool) {
    var text = "", waits: [String] = [], isDone = false
    for await event in events {
      switch event {
      case .delta(_, let delta): text += delta
      case .waiting(let message): waits.append(message)
      case .finished: isDone = true
      case .failed(let message): Issue.record("\(message)")
      case .prefill, .progress, .contextExceeded: break
      }
    }
    return (text, waits, isDone)
  }

  /// Only one of the two fits at a time: the answers are those of the models alone, and the current model goes on.
  @Test(.timeLimit(.minutes(20))) func modelsThatDoNotFitTogetherTakeTurns() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sotto-two-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in Self.names {
      try LetterModel.make(name, at: folder.appending(path: "sotto/models").appending(path: name))
    }
    let places = ModelPlaces { $0 == "XDG_DATA_HOME" ? folder.path : nil }
    let limits = GeneratorLimits(cacheBytes: 1 << 26, modelBytes: 1)
    let engine = localChatEngine(finder: ModelFinder(places), threads: 2, limits: limits)
    _ = try await engine.switchModel(to: Self.names[0])
    var settings = ChatSettings()
    (settings.temperature, settings.maxTokens) = (0, 40)
    let request = ChatRequest(
      messages: [Message(role: .user, content: "Why is the sea salt")], settings: settings, session: "s")
    let alone = await answer(engine.send(request))
    #expect(alone.isDone && alone.waits.isEmpty)
    var (first, second) = (request, request)
    (first.isAlternative, first.turn) = (true, 1)
    (second.isAlternative, second.turn, second.model) = (true, 2, Self.names[1])
    let streams = [engine.send(first), engine.send(second)]
    let answers = await [answer(streams[0]), answer(streams[1])]
    #expect(answers[0].text == alone.text && answers[0].waits.isEmpty && answers[0].isDone)
    #expect(answers[1].isDone && answers[1].waits.count <= 1)
    #expect(answers[1].waits.allSatisfy { $0.contains(Self.names[1]) })
    // The other model's answer has replaced the current model, which is loaded again.
    #expect(await answer(engine.send(request)).text == alone.text)
    _ = try await engine.switchModel(to: Self.names[1])
    #expect(await answer(engine.send(request)).text == answers[1].text)
  }
}
