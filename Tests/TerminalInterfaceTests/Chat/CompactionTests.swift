import Conversation
import TerminalInterface
import Testing

@Suite struct CompactionTests {
  @Test(
    arguments: [
      // As few turns as leave half of the context.
      ([1000, 3000, 5000, 8000], 8192, 3), ([1000, 4000, 5000, 8000], 8192, 2), ([10, 20, 30], 8192, 1),
      // A turn that fills the context alone, and unknown numbers.
      ([100, 200, 8000], 8192, 2), ([nil, 5000, 8000], 8192, 2), ([nil, nil, nil, nil], 8192, 2),
      ([100, 8000], 0, 1), ([nil, nil], 8192, 1),
    ] as [([Int?], Int, Int)])
  func drops(_ used: [Int?], _ context: Int, _ expected: Int) {
    #expect(CompactionDecision.droppedTurns(used: used, context: context) == expected)
  }

  private func conversation() -> ChatDriver {
    let driver = ChatDriver()
    for (number, used) in [3000, 5000, 7900].enumerated() {
      driver.type("question \(number)<Enter>")
      driver.engine(
        .delta(.answer, "answer \(number)"),
        .finished(
          number == 2 ? .contextFull : .stop, TurnStatistics(promptTokens: used - 10, contextUsed: used)))
    }
    return driver
  }

  @Test func theOldestTurnsAreDropped() {
    let driver = conversation()
    let full = driver.chat.frame().lines.map(\.text)
    #expect(full.contains { $0.contains("(context full; /compact makes room)") })
    #expect(full.last?.contains("96%") == true)
    driver.type("/compact<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["question 2", "answer 2"])
    let screen = driver.chat.frame().lines.map(\.text)
    #expect(screen.contains { $0.contains("Dropped 2 turns") })
    #expect(!screen.contains { $0.contains("question 1") })
    #expect(screen.last?.contains("96%") == false)
    driver.type("/branch previous<Enter>")
    #expect(driver.state.conversation.messages.count == 6)
  }

  @Test func theNumberOfKeptTurnsCanBeGiven() {
    let driver = conversation()
    driver.type("/compact 3<Enter>/compact x<Enter>")
    #expect(driver.state.conversation.messages.count == 6)
    driver.type("/compact 2<Enter>")
    #expect(driver.state.conversation.messages.count == 4)
    driver.type("/compact 1<Enter>/compact<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["question 2", "answer 2"])
  }
}
