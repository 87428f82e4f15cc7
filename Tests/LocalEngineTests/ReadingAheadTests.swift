import Basics
import Checkpoints
import Conversation
import Foundation
import LocalEngine
import TestSupport
import Testing

/// Reading ahead through the chat's engine, with models whose states cannot be cut back: what a draft that
/// changes leaves to be read, and that the answers are those of a cold start.
struct ReadingAheadTests {
  /// A small model that can talk: every character is a token, and a template marks who says what.
  private struct Talk {
    let name: String
    let folder: URL
    let engine: any ChatEngine
    var messages: [Message] = []

    static let template = """
      {%- for m in messages %}<|m|>{{ m.role }}\n{{ m.content }}<|e|>{% endfor -%}
      {%- if add_generation_prompt %}<|m|>assistant\n{% endif -%}
      """

    init(_ name: String, in folder: URL) throws {
      self.name = name
      self.folder = folder
      let model = folder.appending(path: "sotto/models").appending(path: name)
      if !FileManager.default.fileExists(atPath: model.path) { try Self.make(name, at: model) }
      let places = ModelPlaces { $0 == "XDG_DATA_HOME" ? folder.path : nil }
      engine = localChatEngine(finder: ModelFinder(places), threads: 2)
    }

    private static func make(_ name: String, at model: URL) throws {
      let models = model.deletingLastPathComponent()
      try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: Repository.tinyModel(name), to: model)
      // Byte-level names of the characters: the space and the line's end have letters of their own.
      let configuration = try Data(contentsOf: model.appending(path: "config.json"))
      let size = try JSON(parsing: [UInt8](configuration))["vocab_size"]
      let letters = ["\u{120}", "\u{10A}"] as [Character] + characters(97..<123) + characters(65..<91)
      let others = characters(33..<127).filter { !letters.contains($0) }
      let kept = (letters + others).prefix((size?.asInteger ?? 0) - 2).map { String($0) }
      let specials = ["<|m|>", "<|e|>"].enumerated().map { index, text in
        ["id": kept.count + index, "content": text, "special": true, "normalized": false] as [String: Any]
      }
      let vocabulary = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
      let bytes: [String: Any] = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
      let tokenizer: [String: Any] = [
        "added_tokens": specials, "pre_tokenizer": bytes, "decoder": bytes,
        "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()],
      ]
      try JSONSerialization.data(withJSONObject: tokenizer).write(to: model.appending(path: "tokenizer.json"))
      try Data(#"{"eos_token": "<|e|>"}"#.utf8).write(to: model.appending(path: "tokenizer_config.json"))
      try Data(template.utf8).write(to: model.appending(path: "chat_template.jinja"))
    }

    private static func characters(_ codes: Range<UInt8>) -> [Character] {
      codes.map { Character(UnicodeScalar($0)) }
    }

    func request(_ draft: String?) -> ChatRequest {
      var settings = ChatSettings()
      settings.temperature = 0
      settings.maxTokens = 24
      let draft = draft.map { [Message(role: .user, content: $0)] } ?? []
      return ChatRequest(messages: messages + draft, settings: settings, session: "s")
    }

    /// Tokens of the conversation up to where the next message's words begin.
    var historyCount: Int {
      messages.reduce(0) { $0 + 1 + $1.role.rawValue.count + 1 + $1.content.count + 1 } + 1 + "user\n".count
    }

    /// Tokens that are held of the conversation with a draft.
    func held(_ draft: String?) async -> Int {
      await engine.models(for: request(draft)).first { $0.name == name }?.cachedTokens ?? -1
    }

    /// Reads a draft ahead, and waits until as many tokens are held.
    func read(_ draft: String?, until count: Int) async {
      engine.readAhead(request(draft))
      for _ in 0..<30_000 {
        if await held(draft) >= count { break }
        try? await Task.sleep(for: .milliseconds(10))
      }
      #expect(await held(draft) == count)
    }

    /// Sends a message; the answer is that of an engine that has read nothing.
    mutating func send(_ text: String) async throws -> TurnStatistics {
      let request = request(text)
      let (answer, statistics) = try await Self.answer(engine, request)
      let cold = try Talk(name, in: folder)
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
        case .delta(_, let more): text += more
        case .finished(_, let statistics): return (text, statistics)
        case .failed(let message): Issue.record("\(message)")
        default: break
        }
      }
      return (text, try #require(nil as TurnStatistics?))
    }
  }

  private static let words = "The sea is salt because rivers carry what the rain has washed out of the rocks"

  @Test(.timeLimit(.minutes(20)), arguments: ["mamba2-plain", "qwen3-next-bf16"])
  func aDraftThatChangesIsReadFromItsMessage(_ name: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sotto-ahead-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var talk = try Talk(name, in: folder)
    _ = try await talk.engine.switchModel(to: name)
    let first = try await talk.send(Self.words)
    #expect(first.reusedTokens == 0)
    // Behind the answer, the conversation is read as the next prompt begins.
    let start = talk.historyCount
    await talk.read(nil, until: start)

    // Typed: all but the last word is read.
    let draft = Self.words + " and then"
    await talk.read(draft, until: start + Self.words.count + " and".count)
    // Changed in the middle: the state where the message begins is taken up, and no earlier one.
    let changed = draft.replacing("rivers", with: "brooks")
    #expect(await talk.held(changed) == start)
    await talk.read(changed, until: start + Self.words.count + " and".count)
    // Deleted: nothing is to be read.
    await talk.read(nil, until: start)

    // Sent: another message than was read, from where it begins; its answer is a cold start's.
    let second = try await talk.send("Is it so and " + Self.words)
    #expect(second.reusedTokens == start)
    // One that was read is sent as it was.
    let next = talk.historyCount
    await talk.read(nil, until: next)
    await talk.read(draft, until: next + Self.words.count + " and".count)
    let third = try await talk.send(draft)
    #expect(third.reuse == .typedAhead && third.reusedTokens == next + Self.words.count + " and".count)
    // The first message, edited: from where it begins.
    talk.messages = []
    let edited = try await talk.send("Why then " + Self.words)
    #expect(edited.reusedTokens == 0 && edited.promptTokens == "Why then ".count + first.promptTokens)
    #expect(await talk.engine.cacheReport(for: "s").entries.map(\.holdsConversation) == [true])
    #expect(await talk.engine.cacheReport(for: "other").entries.map(\.holdsConversation) == [false])
  }
}
