import Conversation
import TerminalInterface
import Testing

@Suite struct DecisionTests {
  struct InterruptCase: Sendable {
    var empty = true
    var answering = false
    var loading = false
    var downloading = false
    var asked = false
    var expected: InterruptDecision
  }

  @Test(arguments: [
    InterruptCase(empty: false, expected: .clearDraft),
    InterruptCase(empty: false, asked: true, expected: .clearDraft),
    InterruptCase(empty: false, answering: true, loading: true, downloading: true, expected: .clearDraft),
    InterruptCase(answering: true, loading: true, downloading: true, expected: .stopAnswer),
    InterruptCase(answering: true, asked: true, expected: .stopAnswer),
    InterruptCase(loading: true, downloading: true, expected: .cancelLoading),
    InterruptCase(loading: true, asked: true, expected: .cancelLoading),
    InterruptCase(downloading: true, expected: .stopDownload),
    InterruptCase(downloading: true, asked: true, expected: .stopDownload),
    InterruptCase(expected: .askToQuit),
    InterruptCase(asked: true, expected: .quit),
  ])
  func interrupt(_ given: InterruptCase) {
    let decision = InterruptDecision.decide(
      draftIsEmpty: given.empty, isAnswering: given.answering, isLoading: given.loading,
      isDownloading: given.downloading, wasAsked: given.asked)
    #expect(decision == given.expected)
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
    var loading = false
    var editing = false
    var empty = true
    var pressed = false
    var expected: EscapeDecision
  }

  @Test(arguments: [
    EscapeCase(overlay: true, answering: true, editing: true, pressed: true, expected: .closeOverlay),
    EscapeCase(answering: true, expected: .stopAnswer),
    EscapeCase(answering: true, editing: true, empty: false, expected: .stopAnswer),
    EscapeCase(answering: true, loading: true, expected: .stopAnswer),
    EscapeCase(loading: true, editing: true, empty: false, expected: .cancelLoading),
    EscapeCase(loading: true, pressed: true, expected: .cancelLoading),
    EscapeCase(editing: true, empty: false, expected: .cancelEdit),
    EscapeCase(expected: .wait),
    EscapeCase(empty: false, expected: .wait),
    EscapeCase(empty: false, pressed: true, expected: .wait),
    EscapeCase(pressed: true, expected: .editLastMessage),
  ])
  func escape(_ given: EscapeCase) {
    let decision = EscapeDecision.decide(
      hasOverlay: given.overlay, isAnswering: given.answering, isLoading: given.loading,
      isEditing: given.editing, draftIsEmpty: given.empty, wasPressed: given.pressed)
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
