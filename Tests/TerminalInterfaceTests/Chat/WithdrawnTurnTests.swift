import Conversation
import TerminalInterface
import Testing

/// Turns that end before their first token: the message goes back to the composer, and the conversation is as before.
@Suite struct WithdrawnTurnTests {
  /// The ways in which a turn can end without a token.
  enum Ending: CaseIterable, Sendable {
    case refused, failedInPrefill, stopped

    func end(_ driver: ChatDriver) {
      switch self {
      case .refused: driver.engine(.failed("the message is longer than the context"))
      case .failedInPrefill:
        driver.engine(.prefill(done: 1, total: 9, reused: 0), .failed("out of memory"))
      case .stopped:
        driver.engine(.prefill(done: 1, total: 9, reused: 0))
        driver.type("<Esc>")
        driver.engine(.finished(.cancelled, TurnStatistics(promptTokens: 9)))
      }
    }
  }

  private func answered() -> ChatDriver {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "first"), .finished(.stop, TurnStatistics()))
    return driver
  }

  @Test(arguments: Ending.allCases)
  func theMessageGoesBackToTheComposer(_ ending: Ending) {
    let driver = answered()
    let before = driver.state.conversation
    driver.type("two<Enter>")
    ending.end(driver)
    #expect(driver.state.turn == nil)
    #expect(driver.state.conversation == before)
    #expect(driver.draft == "two|")
    // No statistics of a prompt without an answer.
    #expect(driver.state.statistics == nil)
    #expect(driver.chat.frame().lines.last?.text.contains("in the composer again") == true)
    // The roles still alternate.
    driver.type("!<Enter>")
    guard case .send(_, let request)? = driver.takeEffects().last else {
      Issue.record("nothing was sent")
      return
    }
    #expect(request.messages.map(\.role) == [.user, .assistant, .user])
    #expect(request.messages.last?.content == "two!")
  }

  @Test(arguments: Ending.allCases)
  func aNewDraftIsNotOverwritten(_ ending: Ending) {
    let driver = answered()
    driver.type("two<Enter>three")
    ending.end(driver)
    #expect(driver.draft == "three|")
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "first"])
    #expect(driver.state.history.entries.last == "two")
    #expect(driver.chat.frame().lines.contains { $0.text.contains("It is in the history") })
  }

  @Test func theErrorIsShown() {
    let driver = answered()
    driver.type("two<Enter>")
    driver.engine(.failed("the context is full: /new starts another conversation"))
    #expect(driver.chat.frame().lines.contains { $0.text.contains("the context is full") })
  }

  @Test(arguments: Ending.allCases)
  func anEditIsContinued(_ ending: Ending) {
    let driver = answered()
    let before = driver.state.conversation
    driver.type("/edit<Enter>!<Enter>")
    #expect(driver.state.conversation.messages.first?.content == "one!")
    ending.end(driver)
    #expect(driver.state.conversation == before)
    #expect(driver.draft == "one!|")
    driver.type("<Enter>")
    #expect(driver.state.conversation.siblings(of: before.path[0]).count == 2)
  }

  @Test(arguments: Ending.allCases)
  func regenKeepsTheEarlierAnswer(_ ending: Ending) {
    let driver = answered()
    let before = driver.state.conversation
    driver.type("/regen<Enter>")
    ending.end(driver)
    #expect(driver.state.conversation == before)
    #expect(driver.draft == "|")
  }

  @Test func aPasteStaysAChip() {
    let driver = ChatDriver()
    let text = (0..<50).map { "row \($0)" }.joined(separator: "\n")
    driver.handle(.input(.paste(text)))
    driver.type("<Enter>")
    driver.engine(.failed("too long"))
    #expect(driver.state.draft.elements == [.chip(text)])
  }

  @Test func aModelThatFailsToLoadReturnsTheMessage() {
    let driver = ChatDriver(hasModel: false)
    _ = driver.chat.load("broken")
    driver.type("hello<Enter>")
    driver.handle(.modelFailed(name: "broken", message: "file is truncated"))
    #expect(driver.state.turn == nil)
    #expect(driver.state.conversation == MessageTree())
    #expect(driver.draft == "hello|")
    #expect(driver.chat.frame().lines.contains { $0.text.contains("broken: file is truncated") })
  }

  @Test func theSystemPromptKeepsALaterChange() {
    let driver = answered()
    driver.type("two<Enter>/system Be brief.<Enter>")
    driver.engine(.failed("too long"))
    #expect(driver.state.conversation.systemPrompt == "Be brief.")
  }

  /// On disk as well: the session has no unanswered message.
  @Test func theSavedSessionHasNoUnansweredMessage() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("one<Enter>")
    #expect(driver.takeSaved() == [["one", ""]])
    driver.engine(.failed("too long"))
    #expect(driver.takeSaved() == [[]])
    #expect(!driver.state.session.isSaved)
  }

  /// After a crash during the prefill, the resumed message is in the composer.
  @Test func aResumedUnansweredMessageIsInTheComposer() {
    let driver = ChatDriver(savesSessions: true)
    var tree = MessageTree()
    tree.append(Message(role: .user, content: "one"))
    tree.append(Message(role: .assistant, content: "first", finish: .stop))
    tree.append(Message(role: .user, content: "two"))
    tree.append(Message(role: .assistant, content: ""))
    driver.type("/sessions abc<Enter>")
    driver.handle(.sessionOpened(Session(id: "abcdefgh", tree: tree), request: 1))
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "first"])
    #expect(driver.draft == "two|")
  }
}
