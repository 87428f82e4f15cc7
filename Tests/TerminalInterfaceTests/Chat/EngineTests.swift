import Conversation
import Foundation
import Synchronization
import TerminalInterface
import Testing

/// An engine that returns scripted events.
struct ScriptedEngine: ChatEngine {
  struct Failure: Error, CustomStringConvertible {
    var description: String { "no such model" }
  }

  var events: [EngineEvent]

  func models() async -> [ModelSummary] { ChatDriver.models }

  func currentModel() async -> ModelInfo? { ChatDriver.model }

  func switchModel(
    to name: String, progress: @escaping @Sendable (_ percent: Int) -> Void
  ) async throws -> ModelInfo {
    guard name == "gemma-3-270m" else { throw Failure() }
    return ModelInfo(name: name, quantisation: "Q4_K_M", contextLength: 32768)
  }

  func defaultSettings() async -> ChatSettings { ChatSettings() }

  func send(_ request: ChatRequest, _ receive: @escaping @Sendable (EngineEvent) -> Void) {
    for event in events { receive(event) }
  }

  func cancel() {}
}

/// The path from the engine through tasks and the mailbox to the chat.
@Suite struct EngineTests {
  private func run(_ events: [EngineEvent], _ script: String, until done: (ChatState) -> Bool) async throws
    -> ChatState
  {
    let pipe = try #require(WakePipe())
    let mailbox = Mailbox<ChatEvent>(pipe: pipe)
    defer {
      mailbox.close()
      pipe.close()
    }
    let worker = EffectWorker(engine: ScriptedEngine(events: events), mailbox: mailbox)
    let driver = ChatDriver()
    driver.type(script)
    for _ in 0..<300_000 {
      for effect in driver.takeEffects() { _ = worker.start(effect) }
      for event in mailbox.take() { driver.handle(event) }
      if done(driver.state) { return driver.state }
      try await Task.sleep(for: .milliseconds(1))
    }
    Issue.record("the script did not end")
    return driver.state
  }

  @Test func anAnswerArrives() async throws {
    let state = try await run(
      [
        .prefill(done: 1, total: 2, reused: 0), .delta(.answer, "Hel"), .delta(.answer, "lo"),
        .finished(.stop, TurnStatistics()),
      ],
      "hi<Enter>"
    ) { $0.turn == nil }
    #expect(state.conversation.messages.map(\.content) == ["hi", "Hello"])
  }

  /// A stream of an engine's events ends with the last one.
  @Test func theEventsOfAnAnswerAreAStream() async {
    let events: [EngineEvent] = [
      .delta(.answer, "Hel"), .delta(.answer, "lo"), .finished(.stop, TurnStatistics()),
    ]
    var received: [EngineEvent] = []
    for await event in ScriptedEngine(events: events).send(
      ChatRequest(messages: [], settings: ChatSettings()))
    {
      received.append(event)
    }
    #expect(received == events)
  }

  @Test func modelsAreSwitched() async throws {
    let state = try await run([], "/model gemma-3-270m<Enter>") { $0.loading == nil }
    #expect(state.model?.name == "gemma-3-270m")
    let failed = try await run([], "/model /nowhere<Enter>") { $0.loading == nil }
    #expect(failed.model?.name == "SmolLM2-135M")
    #expect(failed.transcript.entries.last?.content == .notice("/nowhere: no such model", .error))
  }

  /// An engine that records the sessions; closing the first one waits for a signal.
  private final class RecordingEngine: ChatEngine {
    let calls = Mutex<[String]>([])
    let gate = AsyncStream.makeStream(of: Void.self)

    private func record(_ call: String) { calls.withLock { $0.append(call) } }

    func open(session: String) async { record("open \(session)") }
    func close(session: String) async {
      if session == "a" { for await _ in gate.stream {} }
      record("close \(session)")
    }
    func forget(session: String) async { record("forget \(session)") }

    func models() async -> [ModelSummary] { [] }
    func currentModel() async -> ModelInfo? { nil }
    func switchModel(
      to name: String, progress: @escaping @Sendable (_ percent: Int) -> Void
    ) async throws -> ModelInfo { throw ScriptedEngine.Failure() }
    func defaultSettings() async -> ChatSettings { ChatSettings() }
    func send(_ request: ChatRequest, _ receive: @escaping @Sendable (EngineEvent) -> Void) {}
    func cancel() {}
  }

  /// The engine ends on the last session, even when it is slow to close the first.
  @Test func sessionEffectsKeepTheirOrder() async throws {
    let pipe = try #require(WakePipe())
    let mailbox = Mailbox<ChatEvent>(pipe: pipe)
    defer {
      mailbox.close()
      pipe.close()
    }
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let engine = RecordingEngine()
    let worker = EffectWorker(
      engine: engine, mailbox: mailbox, sessions: SessionStore(path: folder.path + "/sessions.sqlite"))
    _ = worker.start(.activateSession(session: "b", closing: "a"))
    _ = worker.start(.activateSession(session: "c", closing: "b"))
    _ = worker.start(.deleteSession("b"))
    for _ in 0..<100 { await Task.yield() }
    engine.gate.continuation.finish()
    await worker.queue.finish()
    #expect(
      engine.calls.withLock { $0 } == ["close a", "open b", "close b", "open c", "forget b"])
  }

  /// An engine that loads until it is cancelled.
  private final class LoadingEngine: ChatEngine {
    private let gate = AsyncStream.makeStream(of: Void.self)

    func models() async -> [ModelSummary] { ChatDriver.models }
    func currentModel() async -> ModelInfo? { ChatDriver.model }
    func switchModel(
      to name: String, progress: @escaping @Sendable (_ percent: Int) -> Void
    ) async throws -> ModelInfo {
      progress(7)
      for await _ in gate.stream {}
      throw CancellationError()
    }
    func cancelLoading() { gate.continuation.finish() }
    func defaultSettings() async -> ChatSettings { ChatSettings() }
    func send(_ request: ChatRequest, _ receive: @escaping @Sendable (EngineEvent) -> Void) {}
    func cancel() {}
  }

  @Test func aLoadReportsItsProgressUntilItIsCancelled() async throws {
    let pipe = try #require(WakePipe())
    let mailbox = Mailbox<ChatEvent>(pipe: pipe)
    defer {
      mailbox.close()
      pipe.close()
    }
    let worker = EffectWorker(engine: LoadingEngine(), mailbox: mailbox)
    let driver = ChatDriver()
    driver.type("/model gemma-3-270m<Enter>")
    var percents: [Int] = []
    for _ in 0..<300_000 where driver.state.loading != nil {
      for effect in driver.takeEffects() { _ = worker.start(effect) }
      for event in mailbox.take() {
        driver.handle(event)
        guard case .modelLoading(let percent) = event else { continue }
        percents.append(percent)
        driver.type("<Esc>")
      }
      try await Task.sleep(for: .milliseconds(1))
    }
    #expect(percents == [7] && driver.state.loading == nil)
    #expect(driver.state.flash?.text == "gemma-3-270m was not loaded")
  }

  @Test func theMailboxWakesOncePerBatch() throws {
    let pipe = try #require(WakePipe())
    let mailbox = Mailbox<Int>(pipe: pipe)
    for number in 0..<1000 { mailbox.post(number) }
    #expect(mailbox.take() == Array(0..<1000))
    #expect(mailbox.take().isEmpty)
    mailbox.close()
    mailbox.post(1)
    #expect(mailbox.take().isEmpty)
    pipe.close()
  }
}
