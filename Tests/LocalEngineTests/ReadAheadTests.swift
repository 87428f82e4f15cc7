import Basics
import Checkpoints
import Conversation
import Foundation
import LocalEngine
import TestSupport
import Testing

/// Speculative prefill through the chat engine, with models whose caches cannot be truncated: the reuse after changes of
/// a draft, and the equality of the answers with those of a cold start.
struct ReadAheadTests {
  /// A conversation with a small model in which every character is a token.
  private struct TestChat {
    let name: String
    let folder: URL
    let engine: any ChatEngine
    var messages: [Message] = []

    init(_ name: String, in folder: URL) throws {
      self.name = name
      self.folder = folder
      let model = folder.appending(path: "sotto/models").appending(path: name)
      if !FileManager.default.fileExists(atPath: model.path) { try LetterModel.make(name, at: model) }
      let places = ModelPlaces { $0 == "XDG_DATA_HOME" ? folder.path : nil }
      engine = localChatEngine(finder: ModelFinder(places), threads: 2)
    }

    func request(_ draft: String?) -> ChatRequest {
      var settings = ChatSettings()
      settings.temperature = 0
      settings.maxTokens = 24
      let draft = draft.map { [Message(role: .user, content: $0)] } ?? []
      return ChatRequest(messages: messages + draft, settings: settings, session: "s")
    }

    /// The number of tokens before the content of the next message.
    var historyCount: Int {
      messages.reduce(0) { $0 + 1 + $1.role.rawValue.count + 1 + $1.content.count + 1 } + 1 + "user\n".count
    }

    /// The number of cached tokens of the conversation with a draft.
    func cachedTokens(_ draft: String?) async -> Int {
      await engine.models(for: request(draft)).first { $0.name == name }?.cachedTokens ?? -1
    }

    /// Requests the speculative prefill of a draft, and waits until this number of tokens is cached.
    func readAhead(_ draft: String?, until count: Int) async {
      engine.readAhead(request(draft))
      for _ in 0..<30_000 {
        if await cachedTokens(draft) >= count { break }
        try? await Task.sleep(for: .milliseconds(10))
      }
      #expect(await cachedTokens(draft) == count)
    }

    /// Requests the speculative prefill of a whole turn, and waits until `rest` more tokens are cached.
    func prefillTurn(_ draft: String, rest: Int) async {
      let before = await engine.cacheReport(for: "s").entries.first?.tokens ?? 0
      engine.prefillTurn(request(draft))
      for _ in 0..<30_000 {
        if await engine.cacheReport(for: "s").entries.first?.tokens == before + rest { return }
        try? await Task.sleep(for: .milliseconds(10))
      }
      Issue.record("the turn was not prefilled")
    }

    /// Sends a message and checks that the answer is that of an engine without caches.
    mutating func send(_ text: String) async throws -> TurnStatistics {
      let request = request(text)
      let (answer, statistics) = try await Self.answer(engine, request)
      let cold = try TestChat(name, in: folder)
      _ = try await cold.engine.switchModel(to: name)
      let expected = try await Self.answer(cold.engine, request)
      #expect(answer == expected.text && expected.statistics.reusedTokens == 0)
      messages = request.messages + [Message(role: .assistant, content: answer)]
      return statistics
    }

    private static func answer(
      _ engine: any ChatEngine, _ request: ChatRequest
    ) async throws -> (text: String, statistics: TurnStatistics) {
      var text = ""
      for await event in engine.send(request) {
        switch event {
        case .delta(_, let delta): text += delta
        case .finished(_, let statistics): return (text, statistics)
        case .failed(let message): Issue.record("\(message)")
        default: break
        }
      }
      return (text, try #require(nil as TurnStatistics?))
    }
  }

  private static let text = "The sea is salt because rivers carry what the rain has washed out of the rocks"

  @Test(.timeLimit(.minutes(20)), arguments: ["mamba2-plain", "qwen3-next-bf16"])
  func aChangedDraftReusesTheStateBeforeItsMessage(_ name: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sotto-ahead-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var chat = try TestChat(name, in: folder)
    _ = try await chat.engine.switchModel(to: name)
    let first = try await chat.send(Self.text)
    #expect(first.reusedTokens == 0)
    // After the answer, the stable prefix of the next prompt is prefilled.
    let start = chat.historyCount
    await chat.readAhead(nil, until: start)

    // A typed draft is prefilled except for the last word.
    let draft = Self.text + " and then"
    await chat.readAhead(draft, until: start + Self.text.count + " and".count)
    // After a change in the middle, prefill resumes from the snapshot at the start of the message.
    let changed = draft.replacing("rivers", with: "brooks")
    #expect(await chat.cachedTokens(changed) == start)
    await chat.readAhead(changed, until: start + Self.text.count + " and".count)
    // After deletion of the draft, nothing remains to prefill.
    await chat.readAhead(nil, until: start)

    // Sending another message than the draft reuses the state at the start of the message.
    let second = try await chat.send("Is it so and " + Self.text)
    #expect(second.reusedTokens == start)
    // Sending the prefilled draft reuses all of it.
    let next = chat.historyCount
    await chat.readAhead(nil, until: next)
    await chat.readAhead(draft, until: next + Self.text.count + " and".count)
    let third = try await chat.send(draft)
    #expect(third.reuse == .typedAhead && third.reusedTokens == next + Self.text.count + " and".count)
    // A draft that rests is prefilled with what the template puts behind it.
    let last = chat.historyCount
    await chat.readAhead(nil, until: last)
    await chat.readAhead(draft, until: last + Self.text.count + " and".count)
    await chat.prefillTurn(draft, rest: " then".count + 2 + "assistant\n".count)
    let rested = try await chat.send(draft)
    #expect(rested.reuse == .typedAhead && rested.reusedTokens == rested.promptTokens)
    // Editing the first message leaves nothing to reuse, because it starts at the beginning.
    chat.messages = []
    let edited = try await chat.send("Why then " + Self.text)
    #expect(edited.reusedTokens == 0 && edited.promptTokens == "Why then ".count + first.promptTokens)
    #expect(await chat.engine.cacheReport(for: "s").entries.map(\.holdsConversation) == [true])
    #expect(await chat.engine.cacheReport(for: "other").entries.map(\.holdsConversation) == [false])
  }

  /// A conversation that cannot fit is neither rendered nor encoded ahead of its answer, which alone counts its tokens.
  @Test(.timeLimit(.minutes(20)))
  func aConversationThatCannotFitIsNotEncodedAhead() async throws {
    let name = "qwen3-next-bf16"
    let folder = FileManager.default.temporaryDirectory.appending(path: "sotto-bound-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let chat = try TestChat(name, in: folder)
    let context = try await chat.engine.switchModel(to: name).contextLength
    func newTokens(_ count: Int) async -> Int? {
      await chat.engine.models(for: chat.request(String(repeating: "a", count: count)))
        .first { $0.name == name }?.unreadTokens
    }
    // Each letter is a token: both are too long, and the length of the second one alone tells.
    #expect(try #require(await newTokens(16 * context)) > 16 * context)
    #expect(await newTokens(16 * context + 1) == nil)
    var exceeded: Int?
    let long = String(repeating: "a", count: 16 * context + 1)
    for await event in chat.engine.send(chat.request(long)) {
      if case .contextExceeded(let tokens, _) = event { exceeded = tokens }
    }
    #expect(try #require(exceeded) > 16 * context)
  }

  /// The inspector covers the answer byte by byte, and the greedy tokens are the most probable ones.
  @Test(.timeLimit(.minutes(20)), arguments: ["mamba2-plain", "qwen3-next-bf16"])
  func anAnswerIsInspected(_ name: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sotto-inspect-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var chat = try TestChat(name, in: folder)
    _ = try await chat.engine.switchModel(to: name)
    _ = try await chat.send(Self.text)
    let content = Array(try #require(chat.messages.last?.content).utf8)
    let tokens = try await chat.engine.inspect(chat.request(nil))
    #expect(tokens.reduce(0) { $0 + $1.count } == content.count)
    var end = 0
    var agreeing = 0
    for token in tokens {
      #expect(token.offset == end && (0...1).contains(token.probability))
      end += token.count
      let text = String(decoding: content[token.offset..<end], as: UTF8.self)
      if token.alternatives.first?.text == text { agreeing += 1 }
    }
    // Two nearly equal tokens may change places between one pass and many.
    #expect(agreeing >= tokens.count * 9 / 10)
  }
}
