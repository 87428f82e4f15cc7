import Conversation
import TerminalInterface
import Testing

@Suite struct ReadAheadTests {
  struct Case: Sendable {
    var now: Double
    var draft = true
    var context = false
    var mayRest = false
    var changed = 10.0
    var unreadSince = 10.0
    var read: Double?
    var expected: ReadAhead.Decision
  }

  @Test(arguments: [
    // Nothing changed.
    Case(now: 99, draft: false, expected: .nothing),
    // Another model, session or answer is prefilled at once.
    Case(now: 10, draft: false, context: true, expected: .read),
    Case(now: 10, context: true, read: 9.99, expected: .read),
    // The pause is 150 ms after the last key.
    Case(now: 10, expected: .wait(until: 10.15)),
    Case(now: 10.1, expected: .wait(until: 10.15)),
    Case(now: 10.15, expected: .read),
    Case(now: 10.4, changed: 10.3, read: 9, expected: .wait(until: 10.45)),
    // Without a pause, the draft is prefilled one second after the last prefill.
    Case(now: 10.95, changed: 10.9, expected: .wait(until: 11)),
    Case(now: 11, changed: 10.95, expected: .read),
    Case(now: 11, changed: 10.95, read: 10.5, expected: .wait(until: 11.1)),
    Case(now: 11.45, changed: 11.4, read: 10.5, expected: .wait(until: 11.5)),
    Case(now: 11.5, changed: 11.45, read: 10.5, expected: .read),
    // A prefill long ago does not cause one at the first key.
    Case(now: 10, read: 1, expected: .wait(until: 10.15)),
    // A draft that was prefilled and has not changed for half a second is prefilled to its end.
    Case(now: 10.2, draft: false, mayRest: true, expected: .wait(until: 10.5)),
    Case(now: 10.5, draft: false, mayRest: true, expected: .readWhole),
    Case(now: 10.5, mayRest: true, expected: .read),
    Case(now: 10.5, draft: false, context: true, mayRest: true, expected: .read),
  ])
  func decide(_ given: Case) {
    var facts = ReadAhead.Facts()
    (facts.isNewDraft, facts.isNewContext, facts.mayRest) = (given.draft, given.context, given.mayRest)
    (facts.changed, facts.unreadSince, facts.read) = (given.changed, given.unreadSince, given.read)
    switch (ReadAhead.decide(facts, now: given.now), given.expected) {
    case (.wait(let until), .wait(let expected)): #expect(abs(until - expected) < 1e-9)
    case (let decision, let expected): #expect(decision == expected)
    }
  }

  private func answered() -> ChatDriver {
    let driver = ChatDriver()
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    return driver
  }

  /// The list of models at the start needs no conversation: to encode it takes several times the memory of its text.
  @Test func aResumedConversationIsEncodedOnce() {
    let driver = ChatDriver(hasModel: false)
    driver.chat.mutate(driver.now) { state in
      state.conversation.append(Message(role: .user, content: "hello"))
      state.conversation.append(Message(role: .assistant, content: "Hi", finish: .stop))
      state.transcript.showPath(state.conversation.path)
    }
    #expect(driver.chat.firstEffects() == [.refreshModels(for: nil)])
    driver.handle(.models(ChatDriver.models, current: nil, settings: ChatSettings()))
    driver.handle(.modelLoaded(ChatDriver.model, ChatSettings()))
    #expect(driver.takeEffects() == [.refreshModels(for: nil)])
    #expect(driver.takeReadings() == [["hello", "Hi"]])
    driver.type("/model ")
    #expect(driver.takeEffects() == [.refreshModels(for: driver.state.request)])
    // The menu that is shown keeps its numbers.
    driver.handle(.modelLoaded(ChatDriver.model, ChatSettings()))
    #expect(driver.takeEffects() == [.refreshModels(for: driver.state.request)])
  }

  @Test func aDraftIsPrefilledOnceAfterAPause() {
    let driver = answered()
    // The conversation itself, once the answer is complete.
    #expect(driver.takeReadings().last == ["hello", "Hi"])
    driver.type("mo")
    driver.now += 0.1
    driver.type("re")
    driver.wait(0.14)
    #expect(driver.takeReadings().isEmpty)
    #expect(abs((driver.state.nextDeadline ?? 0) - driver.now - 0.01) < 1e-9)
    driver.wait(0.01)
    #expect(driver.takeReadings() == [["hello", "Hi", "more"]])
    driver.wait(5)
    #expect(driver.takeReadings().isEmpty)
    #expect(driver.state.nextDeadline == nil)
    // The restored draft was prefilled before.
    driver.type("x<BS>")
    driver.wait(5)
    #expect(driver.takeReadings().isEmpty)
  }

  @Test func aRestedDraftIsPrefilledAsItWouldBeSent() {
    let driver = answered()
    _ = driver.takeEffects()
    driver.type("more ")
    driver.wait(0.15)
    #expect(driver.takeWholeReadings().isEmpty)
    driver.wait(0.34)
    #expect(driver.takeWholeReadings().isEmpty)
    driver.wait(0.01)
    let read = driver.takeWholeReadings()
    driver.wait(5)
    #expect(driver.takeWholeReadings().isEmpty)
    driver.type("<Enter>")
    let sent = driver.takeEffects().compactMap { if case .send(_, let request) = $0 { request } else { nil } }
    #expect(read == sent && read.count == 1)
    // Nothing to send, nothing to prefill.
    driver.engine(.delta(.answer, "Yes"), .finished(.stop, TurnStatistics()))
    driver.wait(5)
    #expect(driver.takeWholeReadings().isEmpty)
  }

  @Test func continuousTypingIsPrefilledOncePerSecond() {
    let driver = answered()
    _ = driver.takeReadings()
    for _ in 0..<100 {
      driver.type("x")
      driver.wait(0.05)
    }
    #expect((4...5).contains(driver.takeReadings().count))
  }

  @Test func nothingIsPrefilledDuringATurn() {
    let driver = answered()
    _ = driver.takeReadings()
    driver.type("more<Enter>more still")
    driver.wait(3)
    #expect(driver.takeReadings().isEmpty)
    // The draft typed meanwhile is prefilled at the end of the answer.
    driver.engine(.delta(.answer, "Yes"), .finished(.stop, TurnStatistics()))
    #expect(driver.takeReadings() == [["hello", "Hi", "more", "Yes", "more still"]])
  }

  @Test(arguments: ["/mod", "/xyz", "/set top_k 4"])
  func commandsAreNotPrefilled(_ draft: String) {
    let driver = answered()
    _ = driver.takeReadings()
    driver.type(draft)
    driver.wait(3)
    #expect(driver.takeReadings().isEmpty)
    driver.type("<C-u>//etc")
    driver.wait(3)
    #expect(driver.takeReadings() == [["hello", "Hi", "/etc"]])
    // An empty draft prefills the conversation alone.
    driver.type("<C-u> ")
    driver.wait(3)
    #expect(driver.takeReadings() == [["hello", "Hi"]])
  }

  @Test func anEditedMessageReplacesTheOriginal() {
    let driver = answered()
    _ = driver.takeReadings()
    driver.type("/edit<Enter>!")
    driver.wait(1)
    #expect(driver.takeReadings().last == ["hello!"])
  }

  @Test func anotherModelPrefillsTheConversation() {
    let driver = answered()
    _ = driver.takeReadings()
    driver.type("/model gemma-3-270m<Enter>")
    driver.wait(3)
    #expect(driver.takeReadings().isEmpty)
    driver.handle(
      .modelLoaded(ModelInfo(name: "gemma-3-270m", quantisation: "", contextLength: 0), ChatSettings()))
    #expect(driver.takeReadings() == [["hello", "Hi"]])
  }

  @Test func aSessionIsPrefilledWhenTheEngineIsReady() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("/sessions abc<Enter>")
    #expect(driver.takeReadings() == [[]])
    var tree = MessageTree()
    tree.append(Message(role: .user, content: "earlier"))
    tree.append(Message(role: .assistant, content: "answer", finish: .stop))
    driver.handle(.sessionOpened(Session(id: "abcdefgh", tree: tree), request: 1))
    driver.wait(3)
    #expect(driver.takeReadings().isEmpty)
    driver.handle(.sessionReady("abcdefgh"))
    #expect(driver.readings.map(\.session) == ["abcdefgh"])
    #expect(driver.takeReadings() == [["earlier", "answer"]])
  }

  @Test func itCanBeDisabled() {
    let driver = answered()
    _ = driver.takeReadings()
    driver.type("/set typing_ahead off<Enter>")
    driver.type("more")
    driver.wait(3)
    #expect(driver.takeReadings().isEmpty)
    driver.type("<C-u>/set typing_ahead on<Enter>")
    driver.type("more")
    driver.wait(3)
    #expect(driver.takeReadings() == [["hello", "Hi", "more"]])
  }

  /// The common start of all prompts is prefilled before the first message.
  @Test func theStartOfThePromptIsPrefilledFirst() {
    let driver = ChatDriver()
    #expect(driver.takeReadings() == [[]])
    driver.wait(3)
    #expect(driver.takeReadings().isEmpty)
    driver.type("/system Be brief.<Enter>")
    #expect(driver.takeReadings() == [["Be brief."]])
    let without = ChatDriver(hasModel: false)
    without.wait(3)
    #expect(without.takeReadings().isEmpty)
  }

  /// The engine opens and closes only saved sessions.
  @Test func onlySavedSessionsAreActivated() {
    for savesSessions in [true, false] {
      let driver = ChatDriver(savesSessions: savesSessions)
      driver.type("hello<Enter>")
      driver.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
      driver.type("/new<Enter>")
      #expect(driver.readings.first?.session == "first")
      let turns = driver.takeEffects().contains { if case .activateSession = $0 { true } else { false } }
      #expect(turns == savesSessions)
    }
  }
}
