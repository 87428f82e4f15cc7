import Conversation
import Foundation
import Synchronization
import TerminalInterface
import Testing

/// The end of a chat. Where a time limit does not strike, these tests do not come to their end.
@Suite(.timeLimit(.minutes(1))) struct LeavingTests {
  /// An engine that saves caches until it is let go, or, where it listens, until it is cancelled.
  private final class SavingEngine: ChatEngine {
    private let listens: Bool
    private let work = AsyncStream.makeStream(of: Void.self)
    private let state = Mutex((isDone: false, isCancelled: false))

    var isDone: Bool { state.withLock { $0.isDone } }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    init(listens: Bool) { self.listens = listens }

    func close(session: String) async {
      let continuation = work.continuation
      // A task of its own knows of no cancellation.
      let stream = work.stream
      let saving = Task { for await _ in stream {} }
      await withTaskCancellationHandler {
        await saving.value
      } onCancel: { [listens] in
        if listens { continuation.finish() }
      }
      state.withLock { $0 = (true, Task.isCancelled) }
    }

    func letGo() { work.continuation.finish() }

    func models() async -> [ModelSummary] { [] }
    func currentModel() async -> ModelInfo? { nil }
    func switchModel(to name: String) async throws -> ModelInfo { throw ScriptedEngine.Failure() }
    func defaultSettings() async -> ChatSettings { ChatSettings() }
    func send(_ request: ChatRequest) -> AsyncStream<EngineEvent> { AsyncStream { $0.finish() } }
    func cancel() {}
  }

  @Test func theTimeLimitStrikes() async {
    let engine = SavingEngine(listens: true)
    await Leaving(engine: engine, sessions: nil, session: "s").tidy(atMost: .milliseconds(20))
    #expect(engine.isCancelled)
  }

  @Test func nobodyWaitsForAnEngineThatDoesNotListen() async {
    let engine = SavingEngine(listens: false)
    await Leaving(engine: engine, sessions: nil, session: "s").tidy(atMost: .milliseconds(20))
    #expect(!engine.isDone)
    engine.letGo()
  }

  @Test func whatIsDoneInTimeIsNotCancelled() async {
    let engine = SavingEngine(listens: true)
    engine.letGo()
    // Nor is the limit waited for.
    await Leaving(engine: engine, sessions: nil, session: "s").tidy(atMost: .seconds(86_400))
    #expect(engine.isDone)
    #expect(!engine.isCancelled)
  }

  private func session() -> Session {
    var tree = MessageTree()
    tree.append(Message(role: .user, content: "hello"))
    return Session(id: "s", tree: tree)
  }

  @Test func theConversationIsOnDiskBeforeAnythingElse() async throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/sessions.sqlite"
    let sessions = SessionStore(path: path)
    sessions.save(session())
    let engine = SavingEngine(listens: false)
    let leaving = Leaving(engine: engine, sessions: sessions, session: "s")
    #expect(await leaving.save {} == .saved)
    #expect(try await SessionStore(path: path).load("s") == session())
  }

  @Test func whatIsNotSavedIsSaid() async throws {
    let sessions = SessionStore(path: "/dev/null/x/sessions.sqlite")
    sessions.save(session())
    let leaving = Leaving(engine: ScriptedEngine(events: []), sessions: sessions, session: "s")
    let outcome = await leaving.save {}
    #expect(outcome == .failed("/dev/null: not a folder; move it away"))
    #expect(await Leaving(engine: leaving.engine, sessions: nil, session: "s").save {} == nil)
  }

  typealias Farewell = Leaving.Farewell

  @Test(
    arguments: [
      (nil, false, nil, 0, .nothing), ("a", false, nil, 0, .nothing), ("a", true, nil, 0, .goesOn("a")),
      ("a", true, .saved, 0, .goesOn("a")), ("a", true, .saved, 143, .nothing),
      // Another Sotto changed the session, and the last to be saved of this one has another name.
      ("a", true, .copied(to: "b"), 0, .goesOn("b")), ("a", true, .failed("full"), 0, .notSaved("full")),
      ("a", true, .failed("full"), 143, .notSaved("full")),
    ] as [(String?, Bool, SessionStore.Outcome?, Int32, Farewell)])
  func farewell(
    _ session: String?, _ isKept: Bool, _ outcome: SessionStore.Outcome?, _ status: Int32,
    _ expected: Farewell
  ) {
    #expect(
      Farewell.decide(session: session, isKept: isKept, outcome: outcome, status: status) == expected)
  }
}
