import Conversation
import TerminalInterface
import Testing

@Suite struct InspectorTests {
  private static let answer = "The sea is salt."
  private static let tokens = [
    InspectedToken(
      offset: 0, count: 3, probability: 0.9, alternatives: [.init(text: "The", probability: 0.9)]),
    InspectedToken(
      offset: 3, count: 4, probability: 0.1,
      alternatives: [
        .init(text: " ocean", probability: 0.6), .init(text: " sea", probability: 0.1),
      ]),
    InspectedToken(offset: 7, count: 9, probability: 0.4, alternatives: []),
  ]

  private func opened() -> ChatDriver {
    let driver = ChatDriver()
    driver.type("Why?<Enter>")
    driver.engine(.delta(.answer, Self.answer), .finished(.stop, TurnStatistics()))
    _ = driver.takeEffects()
    driver.type("/inspect<Enter>")
    let asked = driver.takeEffects().compactMap { effect in
      if case .inspect(let request, _) = effect { request.messages.map(\.content) } else { nil }
    }
    #expect(asked == [["Why?", Self.answer]])
    if let message = driver.state.inspector?.message {
      driver.handle(.inspected(Self.tokens, message: message))
    }
    return driver
  }

  @Test func aForkContinuesFromAnAlternative() {
    let driver = opened()
    // The first doubtful token is selected.
    #expect(driver.state.inspector?.selected == 1)
    driver.type("<Enter>")
    #expect(driver.state.turn == nil)
    driver.type("<Down><Enter>")
    let sent = driver.takeEffects().compactMap { if case .send(_, let request) = $0 { request } else { nil } }
    #expect(sent.map { $0.messages.map(\.content) } == [["Why?", "The ocean"]])
    #expect(sent.allSatisfy(\.continuesAnswer) && driver.state.inspector == nil)
    driver.engine(.delta(.answer, " is blue."), .finished(.stop, TurnStatistics()))
    #expect(driver.state.conversation.messages.last?.content == "The ocean is blue.")
    // The other answer is a sibling.
    driver.type("/branch previous<Enter>")
    #expect(driver.state.conversation.messages.last?.content == Self.answer)
  }

  @Test func keysMoveAndClose() {
    let driver = opened()
    driver.type("<Left><Left>")
    #expect(driver.state.inspector?.selected == 0)
    driver.type("<Tab>")
    #expect(driver.state.inspector?.selected == 1)
    driver.type("<Tab>")
    #expect(driver.state.inspector?.selected == 2)
    driver.type("<Up><Down>")
    #expect(driver.state.inspector?.alternative == nil, "this token has none")
    driver.type("<S-Tab><Up>")
    #expect(driver.state.inspector?.selected == 1 && driver.state.inspector?.alternative == 1)
    driver.type("<Esc>")
    #expect(driver.state.inspector == nil)
    #expect(driver.state.conversation.messageCount == 2)
  }

  @Test(arguments: [(24, 80), (12, 40), (5, 20), (60, 200)])
  func theViewFits(_ rows: Int, _ columns: Int) {
    let driver = opened()
    driver.chat.resize(ScreenSize(rows: rows, columns: columns))
    let frame = driver.chat.frame()
    #expect(frame.lines.count == rows && frame.lines.allSatisfy { $0.columns <= columns })
  }

  @Test func theSelectedTokenIsMarked() {
    let inspector = opened().state.inspector
    guard let inspector else { return }
    let lines = InspectorView(inspector: inspector, width: 80, height: 12).lines
    let marked = lines[0].spans.filter { $0.style.emphasis.contains(.reverse) }
    #expect(marked.map(\.text) == [" sea"] && marked.map(\.style.role) == [.warning])
    #expect(lines[0].text == Self.answer)
    #expect(lines.contains { $0.text.contains("60.0 %") && $0.text.contains("\" ocean\"") })
  }

  @Test func aFailureClosesIt() {
    let driver = opened()
    driver.handle(.inspectionFailed("interrupted"))
    #expect(driver.state.inspector == nil && driver.state.flash?.text == "interrupted")
  }

  @Test func theSpeedOverAnAnswer() {
    let even = (0...10).map { (time: Double($0), tokens: 10 * $0) }
    #expect(SpeedText.speeds(even, parts: 5) == [10, 10, 10, 10, 10])
    #expect(SpeedText.speeds([(0, 0), (1, 30), (2, 40)], parts: 2) == [30, 10])
    #expect(SpeedText.speeds([(0, 1)]).isEmpty)
    #expect(SpeedText.graph([30, 10]) == "█▃")
    #expect(SpeedText.graph([1]).isEmpty)
  }
}
