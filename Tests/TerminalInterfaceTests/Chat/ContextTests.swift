import Conversation
import TerminalInterface
import Testing

/// A message that does not fit into the context: the choice of the user, and its effects.
@Suite struct ContextTests {
  @Test(
    arguments: [
      (.ask, 9000, [3000, 6000], true, .ask),
      (.drop, 9000, [3000, 6000], true, .drop(1)), (.drop, 9000, [6000, 7000], true, .drop(1)),
      (.summarise, 9000, [6000, 7000], true, .summarise(1)),
      (.stop, 9000, [6000, 7000], true, .stop("/compact makes room.")),
      (.drop, 9000, [6000, 7000], false, .stop("/compact makes room.")),
      (
        .drop, 9000, [500], true,
        .stop("The message alone is too long: shorten it, or choose a model with a longer context.")
      ),
      (
        .ask, 9000, [], true,
        .stop("The message alone is too long: shorten it, or choose a model with a longer context.")
      ),
    ] as [(ContextPolicy, Int, [Int?], Bool, ContextDecision)])
  func decides(
    _ policy: ContextPolicy, _ tokens: Int, _ used: [Int?], _ isNew: Bool, _ expected: ContextDecision
  ) {
    let excess = ContextExcess(tokens: tokens, context: 8192, sent: nil)
    #expect(ContextDecision.decide(policy, excess, used: used, isNewMessage: isNew) == expected)
  }

  private func conversation() -> ChatDriver {
    let driver = ChatDriver()
    for (number, used) in [3000, 5000, 7900].enumerated() {
      driver.type("question \(number)<Enter>")
      driver.engine(
        .delta(.answer, "answer \(number)"),
        .finished(.stop, TurnStatistics(promptTokens: used - 10, contextUsed: used)))
    }
    _ = driver.takeEffects()
    return driver
  }

  private func sent(_ driver: ChatDriver) -> [String]? {
    let requests = driver.takeEffects().compactMap { effect -> [String]? in
      if case .send(_, let request) = effect { request.messages.map(\.content) } else { nil }
    }
    return requests.last
  }

  @Test func theUserIsAskedOnceAndTheOldestTurnsAreDropped() {
    let driver = conversation()
    driver.type("question 3<Enter>")
    _ = driver.takeEffects()
    driver.engine(.contextExceeded(tokens: 8500, context: 8192))
    #expect(driver.draft == "question 3|")
    let screen = driver.chat.frame().lines.map(\.text).joined()
    #expect(screen.contains("needs 8\u{202F}500 tokens") && screen.contains("d drops the oldest turns"))
    driver.type("d")
    #expect(driver.state.settings == ChatSettings())
    #expect(driver.effects.contains(.saveSettings([.contextFull: .text("drop")])))
    #expect(sent(driver) == ["question 1", "answer 1", "question 2", "answer 2", "question 3"])
    #expect(driver.draft == "|")
    driver.engine(.delta(.answer, "answer 3"), .finished(.stop, TurnStatistics(contextUsed: 3500)))
    // The question is not asked again, and another draft stays.
    driver.type("question 4<Enter>next")
    driver.engine(.contextExceeded(tokens: 8300, context: 8192))
    #expect(driver.state.question == nil)
    #expect(sent(driver) == ["question 3", "answer 3", "question 4"])
    #expect(driver.draft == "next|")
    driver.engine(.delta(.answer, "x"), .finished(.stop, TurnStatistics()))
    driver.type("<C-c>/branch previous<Enter>")
    #expect(driver.state.conversation.messages.count > 4)
  }

  @Test func anotherKeyDecidesLater() {
    let driver = conversation()
    driver.type("question 3<Enter>")
    driver.engine(.contextExceeded(tokens: 8500, context: 8192))
    driver.type("<Esc>")
    #expect(driver.state.question == nil && driver.draft == "question 3|")
    #expect(driver.state.conversation.messages.count == 6)
    #expect(driver.state.userSettings.chat.isEmpty)
  }

  @Test func theModelSummarisesTheOldestTurns() {
    let driver = conversation()
    let before = driver.state.conversation
    driver.type("/set context_full summarise<Enter>question 3<Enter>")
    _ = driver.takeEffects()
    driver.engine(.contextExceeded(tokens: 8500, context: 8192))
    let request = sent(driver)
    #expect(request?.prefix(2) == ["question 0", "answer 0"])
    #expect(request?.last == ChatState.summaryRequest)
    driver.engine(.delta(.answer, "They talked."), .finished(.stop, TurnStatistics(contextUsed: 3100)))
    #expect(
      sent(driver)
        == [
          ChatState.summaryRequest, "They talked.", "question 1", "answer 1", "question 2", "answer 2",
          "question 3",
        ])
    driver.engine(.delta(.answer, "answer 3"), .finished(.stop, TurnStatistics(contextUsed: 3500)))
    driver.type("/branch previous<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == before.messages.map(\.content))
  }

  @Test func aStoppedSummaryChangesNothing() {
    let driver = conversation()
    let before = driver.state.conversation.messages
    driver.type("/compact summarise<Enter>")
    driver.engine(.delta(.answer, "They"))
    driver.type("<Esc>")
    driver.engine(.finished(.cancelled, TurnStatistics()))
    #expect(driver.state.conversation.messages == before)
    driver.type("/set context_full summarise<Enter>question 3<Enter>")
    driver.engine(.contextExceeded(tokens: 8500, context: 8192))
    driver.engine(.failed("out of memory"))
    #expect(driver.state.conversation.messages == before)
    #expect(driver.draft == "question 3|")
  }

  @Test func anAnswerGoesOnInTheRoom() {
    let driver = conversation()
    driver.type("/set context_full drop<Enter>question 3<Enter>")
    _ = driver.takeEffects()
    driver.engine(
      .delta(.answer, "half"), .finished(.contextFull, TurnStatistics(promptTokens: 8000, contextUsed: 8192)))
    #expect(sent(driver) == ["question 2", "answer 2", "question 3", "half"])
    driver.engine(.delta(.answer, " whole"), .finished(.stop, TurnStatistics()))
    #expect(driver.state.conversation.messages.last?.content == "half whole")
  }
}
