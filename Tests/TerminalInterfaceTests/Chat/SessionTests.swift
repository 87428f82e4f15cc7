import Conversation
import TerminalInterface
import Testing

@Suite struct SessionTests {
  struct Case: Sendable {
    var messages = 2
    var revision = 5
    var saved: SessionState.Mark?
    var savedAt: Double?
    var isAnswering = true
    var now = 10.0
    var expected: SessionState.SaveDecision
  }

  @Test(arguments: [
    Case(messages: 0, expected: .nothing),
    Case(messages: 0, isAnswering: false, expected: .nothing),
    Case(expected: .save),
    Case(saved: .init(revision: 5, messages: 2), savedAt: 1, expected: .nothing),
    // A new message is saved at once, a growing answer once per second.
    Case(saved: .init(revision: 4, messages: 1), savedAt: 9.9, expected: .save),
    Case(saved: .init(revision: 4, messages: 2), savedAt: 9.5, expected: .wait(until: 10.5)),
    Case(saved: .init(revision: 4, messages: 2), savedAt: 9, expected: .save),
    // The end of an answer and a title are saved at once.
    Case(saved: .init(revision: 4, messages: 2), savedAt: 9.9, isAnswering: false, expected: .save),
    Case(
      saved: .init(revision: 5, messages: 2, title: "x"), savedAt: 9.9, isAnswering: false, expected: .save),
  ])
  func decide(_ given: Case) {
    let decision = SessionState.decide(
      .init(revision: given.revision, messages: given.messages), saved: given.saved, savedAt: given.savedAt,
      isAnswering: given.isAnswering, now: given.now)
    #expect(decision == given.expected)
  }

  @Test func aConversationIsSavedAsItGrows() throws {
    let driver = ChatDriver(savesSessions: true)
    driver.wait(5)
    #expect(driver.takeSaved().isEmpty)
    driver.type("hello")
    #expect(driver.takeSaved().isEmpty)
    driver.type("<Enter>")
    #expect(driver.takeSaved() == [["hello", ""]])
    driver.now += 0.5
    driver.engine(.delta(.answer, "Hi"))
    #expect(driver.takeSaved().isEmpty)
    // The save does not wait for another event.
    #expect(driver.state.nextDeadline == driver.now + 0.5)
    driver.wait(0.5)
    #expect(driver.takeSaved() == [["hello", "Hi"]])
    driver.wait(5)
    #expect(driver.takeSaved().isEmpty)
    driver.engine(.delta(.answer, " there"))
    #expect(driver.takeSaved() == [["hello", "Hi there"]])
    driver.engine(.delta(.answer, "!"))
    driver.engine(.finished(.stop, TurnStatistics()))
    #expect(driver.takeSaved() == [["hello", "Hi there!"]])
    driver.type("/rename Greetings<Enter>")
    let titled = driver.takeEffects().compactMap { effect in
      if case .saveSession(let session) = effect { session } else { nil }
    }
    let session = try #require(titled.last, "the title was not saved")
    #expect(session.title == "Greetings")
    #expect(session.id == "first")
    #expect(session.model == "SmolLM2-135M")
  }

  @Test func unsavedChangesAreSavedAtTheEnd() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"))
    _ = driver.takeSaved()
    guard case .saveSession(let session)? = driver.chat.lastEffects().first else {
      Issue.record("the end of the answer was not saved")
      return
    }
    #expect(session.tree.messages.last?.content == "Hi")
    #expect(driver.chat.lastEffects().isEmpty)
  }

  @Test func aFailedSaveIsRetriedAtTheEnd() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    #expect(!driver.takeSaved().isEmpty)
    driver.handle(.sessionSaved("first", .failed("the disk is full")))
    driver.wait(5)
    #expect(driver.takeSaved().isEmpty)
    #expect(driver.chat.lastEffects().count == 1)
  }

  @Test func nothingIsSavedWithoutAStore() {
    let driver = ChatDriver()
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    #expect(driver.takeSaved().isEmpty)
    for command in ["/sessions", "/sessions abc", "/rename x", "/delete"] {
      driver.type(command + "<Enter>")
      #expect(driver.state.flash?.text == "Conversations are not saved in this chat", "\(command)")
      driver.type("<C-u>")
    }
    #expect(driver.takeEffects().allSatisfy { if case .appendHistory = $0 { true } else { false } })
  }

  @Test func newStartsAnotherSession() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("/new<Enter>")
    #expect(driver.takeEffects() == [.appendHistory("/new")])
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    _ = driver.takeEffects()
    driver.type("/new<Enter>")
    #expect(driver.takeEffects().contains(.activateSession(session: "second", closing: "first")))
    #expect(driver.state.conversation.isEmpty)
    driver.type("again<Enter>")
    guard
      case .send(_, let request)? = driver.takeEffects().first(where: {
        if case .send = $0 { true } else { false }
      })
    else {
      Issue.record("nothing was sent")
      return
    }
    #expect(request.session == "second")
    #expect(request.messages.map(\.content) == ["again"])
  }

  static func earlier() -> Session {
    var tree = MessageTree(systemPrompt: "Be brief.")
    tree.append(Message(role: .user, content: "earlier"))
    tree.append(Message(role: .assistant, content: "half an ans", model: "gemma-3-270m"))
    return Session(id: "k3m9wq2x", model: "gemma-3-270m", tree: tree)
  }

  @Test func aSessionIsResumed() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("/sessions<Enter>")
    #expect(driver.takeEffects().contains(.listSessions))
    driver.handle(.sessions(SnapshotTests.sessions, at: 1_000_000))
    driver.type("sea")
    #expect(driver.state.menu?.items.count == 1)
    driver.type("<BS><BS><BS>voce<Enter>")
    #expect(driver.state.flash?.text == "This conversation is already open")
    driver.type("/sessions 漢字<Enter>")
    #expect(driver.takeEffects().contains(.openSession("k3m9wq2x", request: 1)))
    // Nothing is sent while it loads.
    driver.type("hello<Enter>")
    #expect(driver.draft == "hello|")
    driver.handle(.sessionOpened(Self.earlier(), request: 1))
    #expect(driver.state.session.id == "k3m9wq2x")
    #expect(driver.takeEffects().contains(.activateSession(session: "k3m9wq2x", closing: "first")))
    #expect(driver.state.conversation.messages.map(\.content) == ["Be brief.", "earlier", "half an ans"])
    #expect(driver.state.conversation.messages.last?.finish == .failed)
    #expect(driver.chat.frame().lines.contains { $0.text.contains("half an ans") })
    // Its model is loaded.
    #expect(driver.state.loading == "gemma-3-270m")
    // Opening it is no change.
    driver.wait(5)
    #expect(driver.takeSaved().isEmpty)
  }

  /// The last command decides, in whatever order the store replies.
  @Test func quickSessionCommandsKeepTheirOrder() {
    let driver = ChatDriver(savesSessions: true)
    func ask(_ text: String) {
      driver.type("\(text)<Enter>")
      driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    }
    ask("hello")
    driver.type("/sessions k3<Enter>/new<Enter>")
    driver.handle(.sessionOpened(Self.earlier(), request: 1))
    #expect(driver.state.session.id == "second")
    #expect(driver.state.conversation.isEmpty)
    driver.type("/sessions k3<Enter>/sessions p7<Enter>")
    driver.handle(.sessionOpened(Session(id: "p7hh4tzd", tree: Self.earlier().tree), request: 3))
    driver.handle(.sessionFailed("damaged", request: 2))
    #expect(driver.state.session.id == "p7hh4tzd")
    #expect(!driver.state.session.isBusy)
    // The engine gets the sessions in the same order.
    let activated = driver.takeEffects().compactMap { effect in
      if case .activateSession(let session, let old) = effect { [old ?? "", session] } else { nil }
    }
    #expect(activated == [["first", "second"], ["second", "p7hh4tzd"]])
  }

  @Test func aMissingModelIsReported() {
    let driver = ChatDriver(savesSessions: true)
    var session = Self.earlier()
    session.model = "gone"
    driver.type("/sessions k3<Enter>")
    driver.handle(.sessionOpened(session, request: 1))
    #expect(driver.state.loading == nil)
    #expect(driver.chat.frame().lines.contains { $0.text.contains("gone, which was not found") })
  }

  @Test func aSessionThatCannotBeOpenedChangesNothing() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    driver.type("/sessions nonsense<Enter>")
    driver.handle(.sessionFailed("'nonsense' matches no conversation", request: 1))
    #expect(driver.state.conversation.messages.count == 2)
    #expect(driver.state.pendingReplies.isEmpty)
    driver.type("more<Enter>")
    #expect(driver.state.turn != nil)
  }

  @Test(arguments: [("y", true), ("Y", true), ("n", false), ("<Esc>", false), ("<Enter>", false)])
  func deletingAsks(_ key: String, _ isDeleted: Bool) {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    driver.type("/delete<Enter>")
    _ = driver.takeEffects()
    #expect(
      driver.chat.frame().lines.last?.text.contains("y deletes “hello” (2 messages); any other key cancels")
        == true)
    driver.type(key)
    #expect(driver.takeEffects() == (isDeleted ? [.deleteSession("first")] : []))
    #expect(driver.draft == "|")
    guard isDeleted else { return }
    driver.handle(.sessionDeleted("first"))
    #expect(driver.state.conversation.isEmpty)
    #expect(
      driver.takeEffects() == [
        .saveDraft(session: "first", Draft(), isNew: false), .savePlace(session: "first", nil),
        .activateSession(session: "second", closing: nil),
      ])
  }

  /// The input history and the system prompt of a deleted conversation are removed too.
  @Test func deletingRemovesTheInputs() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("/system Be a pirate.<Enter>hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    driver.type("/delete<Enter>y")
    _ = driver.takeEffects()
    let inputs = Session(id: "first", title: "T", tree: driver.state.conversation).inputs
    #expect(inputs == ["hello", "/system Be a pirate.", "/rename T"])
    driver.handle(.sessionDeleted("first", texts: inputs))
    #expect(driver.state.history.entries == ["/delete"])
    #expect(driver.state.conversation.systemPrompt == nil)
    #expect(driver.takeEffects().contains(.removeHistory(inputs)))
  }

  @Test func anotherSessionIsDeleted() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    driver.handle(.sessions(SnapshotTests.sessions, at: 1_000_000))
    driver.type("/delete sea<Enter>")
    #expect(driver.takeEffects().contains(.findSession("p7hh4tzd")))
    driver.handle(.sessionFound(SnapshotTests.sessions[2]))
    driver.type("y")
    #expect(driver.takeEffects() == [.deleteSession("p7hh4tzd")])
    driver.handle(.sessionDeleted("p7hh4tzd"))
    #expect(driver.state.conversation.messages.count == 2)
    #expect(driver.state.sessions.count == 2)
  }

  @Test func saveOutcomesAreReported() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello<Enter>")
    let before = driver.state.transcript.entries.count
    driver.handle(.sessionSaved("first", .failed("the disk is full")))
    driver.handle(.sessionSaved("first", .failed("the disk is full")))
    #expect(driver.state.transcript.entries.count == before + 1)
    driver.handle(.sessionSaved("first", .saved))
    driver.handle(.sessionSaved("first", .failed("the disk is full")))
    #expect(driver.state.transcript.entries.count == before + 2)
    _ = driver.takeEffects()
    driver.handle(.sessionSaved("first", .copied(to: "third")))
    driver.handle(.sessionSaved("first", .copied(to: "third")))
    #expect(driver.state.session.id == "third")
    #expect(driver.takeEffects() == [.activateSession(session: "third", closing: "first")])
  }

  @Test func switchingBetweenBranches() {
    let driver = ChatDriver()
    driver.type("/branch next<Enter>")
    #expect(driver.state.flash?.text == "There are no branches yet: /regen and /edit create them")
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "first"), .finished(.stop, TurnStatistics()))
    driver.type("/regen<Enter>")
    driver.engine(.delta(.answer, "second"), .finished(.stop, TurnStatistics()))
    driver.type("/branch previous<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "first"])
    #expect(driver.state.flash?.text == "Answer 1 of 2")
    driver.type("/branch next<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "second"])
    driver.type("/branch<Enter><Up><Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "first"])
    driver.type("/branch 9<Enter>")
    #expect(driver.state.flash?.text == "/branch takes next, previous, or a number from 1 to 2")
    // An undone message can be selected again.
    driver.type("<C-u>/undo<Enter>/branch next<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "first"])
    #expect(driver.chat.frame().lines.contains { $0.text.contains("first") })
  }
}
