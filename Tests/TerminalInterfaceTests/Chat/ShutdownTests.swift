import Conversation
import Foundation
import Synchronization
import TerminalInterface
import Testing

/// The end of a chat. If a time limit has no effect, these tests exceed the limit of the suite.
@Suite(.timeLimit(.minutes(20))) struct ShutdownTests {
  /// An engine whose save ends on `finish()`, or, if `isCancellable`, on cancellation.
  private final class SavingEngine: ChatEngine {
    private let isCancellable: Bool
    private let work = AsyncStream.makeStream(of: Void.self)
    private let state = Mutex((isDone: false, isCancelled: false))

    var isDone: Bool { state.withLock { $0.isDone } }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    init(isCancellable: Bool) { self.isCancellable = isCancellable }

    func close(session: String) async {
      let continuation = work.continuation
      // An unstructured task is not cancelled with its parent.
      let stream = work.stream
      let saving = Task { for await _ in stream {} }
      await withTaskCancellationHandler {
        await saving.value
      } onCancel: { [isCancellable] in
        if isCancellable { continuation.finish() }
      }
      state.withLock { $0 = (true, Task.isCancelled) }
    }

    func finish() { work.continuation.finish() }

    func models() async -> [ModelSummary] { [] }
    func currentModel() async -> ModelInfo? { nil }
    func switchModel(
      to name: String, progress: @escaping @Sendable (_ percent: Int) -> Void
    ) async throws -> ModelInfo { throw ScriptedEngine.Failure() }
    func defaultSettings() async -> ChatSettings { ChatSettings() }
    func send(_ request: ChatRequest, _ receive: @escaping @Sendable (EngineEvent) -> Void) {}
    func cancel() {}
  }

  @Test func theTimeLimitCancels() async {
    let engine = SavingEngine(isCancellable: true)
    await Shutdown(engine: engine, sessions: nil, session: "s").saveCaches(timeout: .milliseconds(20))
    #expect(engine.isCancelled)
  }

  @Test func anEngineThatIgnoresCancellationIsAbandoned() async {
    let engine = SavingEngine(isCancellable: false)
    await Shutdown(engine: engine, sessions: nil, session: "s").saveCaches(timeout: .milliseconds(20))
    #expect(!engine.isDone)
    engine.finish()
  }

  @Test func workWithinTheLimitIsNotCancelled() async {
    let engine = SavingEngine(isCancellable: true)
    engine.finish()
    // The limit is not waited for either.
    await Shutdown(engine: engine, sessions: nil, session: "s").saveCaches(timeout: .seconds(86_400))
    #expect(engine.isDone)
    #expect(!engine.isCancelled)
  }

  private func session() -> Session {
    var tree = MessageTree()
    tree.append(Message(role: .user, content: "hello"))
    return Session(id: "s", tree: tree)
  }

  @Test func theConversationIsOnDiskFirst() async throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/sessions.sqlite"
    let sessions = SessionStore(path: path)
    sessions.save(session())
    let engine = SavingEngine(isCancellable: false)
    let shutdown = Shutdown(engine: engine, sessions: sessions, session: "s")
    #expect(await shutdown.waitForSave {} == .saved)
    #expect(try await SessionStore(path: path).load("s") == session())
  }

  @Test func aFailedSaveIsReported() async throws {
    let sessions = SessionStore(path: "/dev/null/x/sessions.sqlite")
    sessions.save(session())
    let shutdown = Shutdown(engine: ScriptedEngine(events: []), sessions: sessions, session: "s")
    let outcome = await shutdown.waitForSave {}
    #expect(outcome == .failed("/dev/null: not a folder; move it away"))
    #expect(await Shutdown(engine: shutdown.engine, sessions: nil, session: "s").waitForSave {} == nil)
  }

  typealias ExitMessage = Shutdown.ExitMessage

  @Test(
    arguments: [
      (nil, false, nil, 0, .nothing), ("a", false, nil, 0, .nothing), ("a", true, nil, 0, .resumable("a")),
      ("a", true, .saved, 0, .resumable("a")), ("a", true, .saved, 143, .nothing),
      // Another process changed the session, and this one was saved with a new identifier.
      ("a", true, .copied(to: "b"), 0, .resumable("b")), ("a", true, .failed("full"), 0, .notSaved("full")),
      ("a", true, .failed("full"), 143, .notSaved("full")),
    ] as [(String?, Bool, SessionStore.Outcome?, Int32, ExitMessage)])
  func exitMessage(
    _ session: String?, _ isSaved: Bool, _ outcome: SessionStore.Outcome?, _ status: Int32,
    _ expected: ExitMessage
  ) {
    #expect(
      ExitMessage.decide(session: session, isSaved: isSaved, outcome: outcome, status: status) == expected)
  }
}
