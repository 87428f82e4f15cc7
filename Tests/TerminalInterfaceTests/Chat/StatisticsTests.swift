import Conversation
import TerminalInterface
import Testing

/// `/stats` and the statistics of a selected answer.
@Suite struct StatisticsTests {
  private func driver() -> ChatDriver {
    let driver = ChatDriver(rows: 24, columns: 100)
    for (number, speed) in [("one", 11.0), ("two", 22.0), ("three", 33.0)] {
      driver.type("\(number)?<Enter>")
      driver.engine(
        .delta(.answer, "Answer \(number)."),
        .finished(.stop, TurnStatistics(promptTokens: 10, generatedTokens: 5, tokensPerSecond: speed)))
    }
    return driver
  }

  private func notice(_ driver: ChatDriver) -> String? {
    guard case .notice(let text, _)? = driver.state.transcript.entries.last?.content else { return nil }
    return text
  }

  @Test(
    arguments: [("", 33.0, nil), (" 1", 33, nil), (" 2", 22, "two"), (" 3", 11, "one")]
      as [(String, Double, String?)])
  func ofAnAnswer(_ argument: String, _ speed: Double, _ name: String?) {
    let driver = driver()
    driver.type("/stats\(argument)<Esc><Enter>")
    #expect(notice(driver)?.contains("generation: \(Int(speed)).0 tokens/s") == true)
    #expect(
      notice(driver)?.hasPrefix(name.map { "answer “Answer \($0).” of SmolLM2-135M\n" } ?? "prompt: 10")
        == true)
  }

  @Test(arguments: ["0", "4", "x"])
  func aNumberThatIsNotThere(_ argument: String) {
    let driver = driver()
    driver.type("/stats \(argument)<Enter>")
    #expect(
      driver.state.flash?.text == "/stats takes the number of an answer, counted from the last one: 1 to 3")
    #expect(notice(driver) == nil)
  }

  @Test func ofTheSelectedAnswer() {
    let driver = driver()
    driver.type("<A-s>")
    #expect(driver.state.flash?.text.contains("t stats") == true)
    driver.type("<Up>")
    #expect(driver.state.flash?.text.contains("t stats") == false, "a message has none")
    driver.type("<Up>t")
    #expect(driver.state.selection == nil)
    #expect(notice(driver)?.contains("generation: 22.0 tokens/s") == true)
  }

  @Test func withoutStatistics() {
    let driver = ChatDriver()
    driver.type("/stats<Esc><Enter>")
    #expect(notice(driver) == "There is no answer yet.")
    var tree = MessageTree()
    tree.append(Message(role: .user, content: "a"))
    tree.append(Message(role: .assistant, content: "b", finish: .stop))
    let imported = ChatDriver(savesSessions: true)
    imported.type("/sessions other<Enter>")
    imported.handle(.sessionOpened(Session(id: "other", tree: tree), request: 1))
    imported.type("/stats<Esc><Enter>")
    #expect(notice(imported) == "This answer has no statistics: it was interrupted, or it was imported.")
  }
}
