import Conversation
import TerminalInterface
import Testing

@Suite struct ContinuationTests {
  private func stopped() -> ChatDriver {
    let driver = ChatDriver()
    driver.type("Why?<Enter>")
    driver.engine(.delta(.answer, "Be"), .finished(.cancelled, TurnStatistics()))
    _ = driver.takeEffects()
    return driver
  }

  private func sent(_ driver: ChatDriver) -> [ChatRequest] {
    driver.takeEffects().compactMap { if case .send(_, let request) = $0 { request } else { nil } }
  }

  @Test func anAnswerIsContinuedInPlace() {
    let driver = stopped()
    #expect(driver.chat.frame().lines.contains { $0.text.contains("(stopped; /continue") })
    driver.type("/continue<Enter>")
    let requests = sent(driver)
    #expect(requests.map(\.continuesAnswer) == [true])
    #expect(requests.first?.messages.map(\.content) == ["Why?", "Be"])
    driver.engine(.delta(.answer, "cause."))
    #expect(driver.chat.frame().lines.contains { $0.text == "Because." })
    driver.engine(.finished(.stop, TurnStatistics()))
    #expect(driver.chat.frame().lines.contains { $0.text == "Because." })
    #expect(driver.state.conversation.messages.map(\.content) == ["Why?", "Because."])
    driver.type("/continue<Enter>")
    #expect(sent(driver).isEmpty)
  }

  @Test func anEditedAnswerIsAnotherVersion() {
    let driver = stopped()
    driver.type("/edit answer<Enter>")
    #expect(driver.draft == "Be|")
    driver.type("cause of<Enter>")
    #expect(sent(driver).first?.messages.map(\.content) == ["Why?", "Because of"])
    driver.engine(.delta(.answer, " rain."), .finished(.stop, TurnStatistics()))
    #expect(driver.state.conversation.messages.map(\.content) == ["Why?", "Because of rain."])
    driver.type("/branch previous<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["Why?", "Be"])
  }

  @Test func thereMayBeNothingToContinue() {
    let driver = ChatDriver()
    driver.type("/continue<Enter>/edit answer<Enter>")
    #expect(sent(driver).isEmpty)
    #expect(driver.state.editing == nil)
  }
}
