import Conversation
import TerminalInterface
import Testing

@Suite struct DecisionTests {
  @Test(arguments: [
    // draft empty, answering, downloading, asked before
    (false, false, false, false, InterruptDecision.clearDraft), (false, false, false, true, .clearDraft),
    (false, true, true, false, .clearDraft), (false, true, false, true, .clearDraft),
    (true, true, true, false, .stopAnswer), (true, true, false, true, .stopAnswer),
    (true, false, true, false, .stopDownload), (true, false, true, true, .stopDownload),
    (true, false, false, false, .askToQuit), (true, false, false, true, .quit),
  ])
  func interrupt(
    _ isEmpty: Bool, _ isAnswering: Bool, _ isDownloading: Bool, _ wasAsked: Bool,
    _ expected: InterruptDecision
  ) {
    #expect(
      InterruptDecision.decide(
        draftIsEmpty: isEmpty, isAnswering: isAnswering, isDownloading: isDownloading, wasAsked: wasAsked)
        == expected)
  }

  @Test(
    arguments: [
      // phase, stopping, asked before
      (.thinking, false, false, .closeReasoning), (.thinking, false, true, .wait),
      (.thinking, true, false, .nothing), (.writing, false, false, .nothing),
      (.prefill(done: 1, total: 2, reused: 0), false, false, .nothing), (.waiting, false, false, .nothing),
      (.loading, false, false, .nothing), (nil, false, false, .nothing),
    ] as [(TurnProgress.Phase?, Bool, Bool, AnswerNowDecision)])
  func answerNow(
    _ phase: TurnProgress.Phase?, _ isStopping: Bool, _ wasAsked: Bool, _ expected: AnswerNowDecision
  ) {
    var tree = MessageTree()
    let answer = tree.append(Message(role: .assistant, content: ""))
    var turn = phase.map {
      TurnProgress(
        id: 1, answer: answer, model: ChatDriver.model, phase: $0, started: 0,
        origin: TurnOrigin(conversation: MessageTree()))
    }
    turn?.isStopping = isStopping
    turn?.answerNowRequested = wasAsked
    #expect(AnswerNowDecision.decide(turn) == expected)
  }

  struct EscapeCase: Sendable {
    var overlay = false
    var answering = false
    var editing = false
    var empty = true
    var pressed = false
    var expected: EscapeDecision
  }

  @Test(arguments: [
    EscapeCase(overlay: true, answering: true, editing: true, pressed: true, expected: .closeOverlay),
    EscapeCase(answering: true, expected: .stopAnswer),
    EscapeCase(answering: true, editing: true, empty: false, expected: .stopAnswer),
    EscapeCase(editing: true, empty: false, expected: .cancelEdit),
    EscapeCase(expected: .wait),
    EscapeCase(empty: false, expected: .wait),
    EscapeCase(empty: false, pressed: true, expected: .wait),
    EscapeCase(pressed: true, expected: .editLastMessage),
  ])
  func escape(_ given: EscapeCase) {
    let decision = EscapeDecision.decide(
      hasOverlay: given.overlay, isAnswering: given.answering, isEditing: given.editing,
      draftIsEmpty: given.empty,
      wasPressed: given.pressed)
    #expect(decision == given.expected)
  }

  @Test func onlyConsecutiveInterruptsQuit() {
    let driver = ChatDriver()
    driver.type("<C-c>")
    #expect(driver.takeEffects().isEmpty)
    driver.now += ChatState.repeatTime + 1
    driver.type("<C-c>")
    #expect(driver.takeEffects().isEmpty)
    driver.type("x<C-c>")
    #expect(driver.draft == "|")
    driver.type("<C-c>")
    #expect(driver.takeEffects().isEmpty)
    driver.type("<C-c>")
    #expect(driver.takeEffects() == [.quit(0)])
  }

  @Test func everyKeyHasOneAction() {
    let keys = Keymap.bindings.flatMap(\.keys)
    #expect(Set(keys).count == keys.count)
    #expect(Set(Keymap.bindings.map(\.action)).count == Action.allCases.count)
  }

  @Test(
    arguments: [
      (false, true, true, "xterm", ChatInterface.screen), (true, true, true, "xterm", .lines),
      (false, false, true, "xterm", .lines),
      (false, true, false, "xterm", .lines), (false, true, true, "dumb", .lines),
      (false, true, true, "", .lines),
      (false, true, true, nil, .lines),
    ] as [(Bool, Bool, Bool, String?, ChatInterface)])
  func interface(_ plain: Bool, _ input: Bool, _ output: Bool, _ type: String?, _ expected: ChatInterface) {
    #expect(
      ChatInterface.decide(isPlain: plain, inputIsTerminal: input, outputIsTerminal: output, type: type)
        == expected)
  }
}
