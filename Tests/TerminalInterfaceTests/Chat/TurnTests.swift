import Conversation
import TerminalInterface
import Testing

@Suite struct TurnTests {
  @Test func aTurnFromEnterToTheEnd() {
    let driver = ChatDriver()
    driver.type("hello<Enter>")
    guard case .send(1, let request)? = driver.takeEffects().last else {
      Issue.record("nothing was sent")
      return
    }
    #expect(request.messages == [Message(role: .user, content: "hello")])
    driver.engine(.prefill(done: 10, total: 40, reused: 10))
    #expect(driver.state.turn?.phase == .prefill(done: 10, total: 40, reused: 10))
    driver.now += 0.5
    driver.engine(.delta(.reasoning, "hm"))
    #expect(driver.state.turn?.phase == .thinking)
    #expect(driver.state.statistics?.timeToFirstToken == 0.5)
    driver.engine(.delta(.answer, "Hi "), .delta(.answer, "there"))
    #expect(driver.state.turn?.phase == .writing)
    let statistics = TurnStatistics(
      promptTokens: 40, reusedTokens: 10, generatedTokens: 3, timeToFirstToken: 0.4)
    driver.engine(.finished(.stop, statistics))
    #expect(driver.state.turn == nil)
    #expect(driver.state.statistics == statistics)
    let answer = driver.state.conversation.messages.last
    #expect(answer?.content == "Hi there")
    #expect(answer?.reasoning == "hm")
    #expect(answer?.finish == .stop)
    // The next request carries the answer.
    driver.type("more<Enter>")
    guard case .send(2, let next)? = driver.takeEffects().last else { return }
    #expect(next.messages.map(\.content) == ["hello", "Hi there", "more"])
  }

  @Test func stoppingKeepsTheTextSoFar() {
    let driver = ChatDriver()
    driver.type("hello<Enter>")
    driver.engine(.delta(.answer, "Half an ans"))
    _ = driver.takeEffects()
    driver.type("<Esc>")
    #expect(driver.takeEffects() == [.cancel])
    #expect(driver.state.turn?.isStopping == true)
    driver.type("<Esc><C-c>")
    #expect(driver.takeEffects().isEmpty)
    driver.engine(.delta(.answer, "wer"), .finished(.cancelled, TurnStatistics()))
    #expect(driver.state.conversation.messages.last?.content == "Half an answer")
    #expect(driver.state.conversation.messages.last?.finish == .cancelled)
  }

  @Test func eventsOfAnEarlierTurnAreDropped() {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.finished(.stop, TurnStatistics()))
    driver.type("two<Enter>")
    driver.handle(.engine(turn: 1, .delta(.answer, "late")))
    #expect(driver.state.conversation.messages.last?.content == "")
    #expect(driver.state.turn?.id == 2)
  }

  @Test func editRegenAndUndoCreateBranches() {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "first"), .finished(.stop, TurnStatistics()))
    driver.type("/regen<Enter>")
    driver.engine(.delta(.answer, "second"), .finished(.stop, TurnStatistics()))
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "second"])
    driver.type("<Esc><Esc>")
    #expect(driver.draft == "one|")
    driver.type("!<Enter>")
    driver.engine(.delta(.answer, "third"), .finished(.stop, TurnStatistics()))
    #expect(driver.state.conversation.messages.map(\.content) == ["one!", "third"])
    let first = driver.state.conversation.path[0]
    #expect(driver.state.conversation.siblings(of: first).count == 2)
    driver.type("/undo<Enter>")
    #expect(driver.state.conversation.isEmpty)
    driver.type("<Esc><Esc>")
    #expect(driver.draft == "|")
    // Only the messages of the path are shown.
    #expect(!driver.chat.frame().lines.contains { $0.text.contains("first") || $0.text.contains("third") })
  }

  @Test func aMessageWaitsForItsModel() {
    let driver = ChatDriver(hasModel: false)
    driver.handle(.models([], current: nil, settings: ChatSettings()))
    driver.type("hello<Enter>")
    #expect(driver.takeEffects().isEmpty)
    #expect(driver.draft == "hello|")
    for effect in driver.chat.load("SmolLM2-135M") { #expect(effect == .switchModel("SmolLM2-135M")) }
    driver.type("<Enter>")
    #expect(driver.takeEffects() == [.appendHistory("hello")])
    driver.handle(.modelLoaded(ChatDriver.model, ChatSettings()))
    guard case .send(_, let request)? = driver.takeEffects().last else {
      Issue.record("nothing was sent")
      return
    }
    #expect(request.messages.map(\.content) == ["hello"])
  }

  @Test func aSlowLoadShowsItsProgressAndCanBeCancelled() {
    let driver = ChatDriver(rows: 16, columns: 120)
    func status() -> String { driver.chat.frame().lines.last?.text ?? "" }
    driver.handle(.modelLoading(percent: 3))
    #expect(status().contains("ready") && driver.state.loadingPercent == nil, "no model is loading")
    driver.type("/model gemma-3-270m<Enter>")
    #expect(status().contains("loading") && !status().contains("%"))
    driver.handle(.modelLoading(percent: 43))
    #expect(status().contains("loading 43%"))
    // A message that waits for the model is withdrawn first.
    driver.type("hello<Enter>")
    #expect(driver.state.turn?.phase == .loading && status().contains("loading 43%"))
    _ = driver.takeEffects()
    driver.type("<Esc>")
    #expect(driver.state.turn == nil && driver.takeEffects().isEmpty)
    driver.type("<C-c><Esc>")
    #expect(driver.takeEffects() == [.cancelLoading], "the message is in the composer again")
    driver.type("<C-c>")
    #expect(driver.takeEffects().isEmpty && driver.state.askedToQuit != nil)
    driver.handle(.loadCancelled(name: "gemma-3-270m"))
    #expect(driver.state.loading == nil && driver.state.loadingPercent == nil)
    #expect(driver.state.model?.name == "SmolLM2-135M")
    #expect(driver.state.flash?.text == "gemma-3-270m was not loaded")
  }

  @Test func theModelNameIsNotRepeated() {
    let driver = ChatDriver()
    driver.handle(.modelFailed(name: "nosuch", message: "nosuch: neither a file nor a model"))
    #expect(driver.chat.frame().lines.contains { $0.text.hasPrefix("nosuch: neither") })
  }

  @Test func theConversationCannotChangeDuringATurn() {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "x"))
    _ = driver.takeEffects()
    for command in ["two", "/new", "/undo", "/regen", "/edit"] {
      driver.type(command + "<Enter><C-u>")
      #expect(driver.state.conversation.messages.map(\.content) == ["one", "x"], "\(command)")
    }
  }

  @Test func anAnswerKeepsItsModelAfterASwitch() {
    let driver = ChatDriver(rows: 16, columns: 120)
    let gemma = ModelInfo(name: "gemma-3-270m", quantisation: "Q4_K_M", contextLength: 32768)
    func status() -> String { driver.chat.frame().lines.last?.text ?? "" }
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "x"), .progress(TurnStatistics(promptTokens: 5, contextUsed: 6)))
    _ = driver.takeEffects()
    driver.type("/model gemma-3-270m<Enter>")
    #expect(driver.takeEffects().contains(.switchModel("gemma-3-270m")))
    #expect(status().hasPrefix(" gemma-3-270m loading │ SmolLM2-135M writing │"))
    driver.handle(.modelLoaded(gemma, ChatSettings()))
    #expect(
      driver.state.flash?.text
        == "SmolLM2-135M finishes this answer; gemma-3-270m answers the next message")
    driver.wait(ChatState.flashTime)
    #expect(status().hasPrefix(" gemma-3-270m · Q4_K_M next │ SmolLM2-135M writing │"))
    #expect(status().hasSuffix("ctx 6/8.2k"), "the context length of the answering model")
    #expect(driver.state.modelList.contains("answering") && driver.state.modelList.contains("next"))
    driver.engine(.delta(.answer, "y"), .finished(.stop, TurnStatistics(promptTokens: 5, contextUsed: 7)))
    #expect(status() == " gemma-3-270m · Q4_K_M │ ready", "no statistics of another model")
    #expect(driver.state.conversation.messages.last?.model == "SmolLM2-135M")
    #expect(driver.state.conversation.messages.last?.content == "xy")
    driver.type("/stats<Enter>")
    #expect(driver.chat.frame().lines.contains { $0.text.contains("prompt: 5 tokens") })
    driver.type("two<Enter>")
    #expect(
      driver.state.conversation.last(.assistant).flatMap { driver.state.conversation[$0]?.model }
        == gemma.name)
  }

  @Test func statisticsNameTheDevice() {
    let driver = ChatDriver(rows: 60, columns: 120)
    func shows(_ text: String) -> Bool { driver.chat.frame().lines.contains { $0.text.contains(text) } }
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "x"), .finished(.stop, TurnStatistics(promptTokens: 5, contextUsed: 7)))
    driver.type("/stats<Enter>")
    #expect(shows("device: processor"))
    var large = ModelInfo(name: "gemma-3-270m", quantisation: "Q4_K_M", contextLength: 32768)
    large.device = "NVIDIA H100"
    driver.handle(.modelLoaded(large, ChatSettings()))
    driver.type("two<Enter>")
    driver.engine(.delta(.answer, "y"), .finished(.stop, TurnStatistics(promptTokens: 6, contextUsed: 8)))
    driver.type("/stats<Enter>")
    #expect(shows("device: NVIDIA H100"))
  }

  /// Why a GPU is not used is said when the model is loaded, but not at every switch to it.
  @Test func whyAGPUIsNotUsedIsSaidOnce() {
    let driver = ChatDriver(rows: 60, columns: 120)
    var large = ModelInfo(name: "gemma-3-270m", quantisation: "Q4_K_M", contextLength: 32768)
    large.deviceNotice = "the model needs 13.0 GB on the GPU"
    func count() -> Int {
      driver.chat.frame().lines.filter { $0.text.contains("gemma-3-270m: the model needs 13.0 GB") }.count
    }
    driver.handle(.modelLoaded(large, ChatSettings()))
    #expect(count() == 1)
    let models = ChatDriver.models.map { model in
      ModelSummary(
        name: model.name, bytes: model.bytes, quantisation: model.quantisation, isResident: true)
    }
    driver.handle(.models(models, current: large, settings: ChatSettings()))
    driver.handle(.modelLoaded(ChatDriver.model, ChatSettings()))
    driver.handle(.modelLoaded(large, ChatSettings()))
    #expect(count() == 1)
  }

  @Test func aFailedLoadDoesNotAffectTheAnswer() {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "x"))
    driver.type("/model gemma-3-270m<Enter>")
    driver.handle(.modelFailed(name: "gemma-3-270m", message: "file is truncated"))
    #expect(driver.state.turn?.phase == .writing && driver.state.model == ChatDriver.model)
    driver.engine(.delta(.answer, "y"), .finished(.stop, TurnStatistics()))
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "xy"])
  }

  @Test func reasoningIsEndedOnce() {
    let driver = ChatDriver(columns: 120)
    func status() -> String { driver.chat.frame().lines.last?.text ?? "" }
    driver.type("<C-o>")
    #expect(driver.state.flash?.text == "There is no reasoning to end now")
    driver.type("why?<Enter><C-o>")
    driver.wait(ChatState.flashTime)
    driver.engine(.delta(.reasoning, "hm"))
    #expect(status().contains("thinking · Ctrl-O answers now"))
    #expect(!driver.takeEffects().contains(.answerNow))
    driver.type("<C-o>")
    #expect(driver.takeEffects() == [.answerNow])
    #expect(status().contains("ending reasoning"))
    driver.type("<C-o>/answer<Enter>")
    #expect(driver.takeEffects() == [.appendHistory("/answer")])
    driver.engine(.delta(.answer, "Because."))
    #expect(status().contains("writing"))
    driver.type("/answer<Enter>")
    #expect(driver.takeEffects() == [.appendHistory("/answer")])
    #expect(driver.state.flash?.text.contains("no reasoning to end") == true)
  }

  /// A resumed session whose last answer was interrupted has its statistics.
  @Test func interruptedAnswersHaveStatistics() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("/stats<Enter>")
    #expect(driver.chat.frame().lines.contains { $0.text.contains("There is no answer yet.") })
    driver.type("hello<Enter>")
    driver.engine(
      .progress(TurnStatistics(promptTokens: 12, generatedTokens: 1)), .delta(.answer, "Hi"))
    let tree = driver.state.conversation
    let resumed = ChatDriver(savesSessions: true)
    resumed.type("/sessions abc<Enter>")
    resumed.handle(.sessionOpened(Session(id: "abcdefgh", tree: tree), request: 1))
    resumed.type("/stats<Enter>")
    #expect(resumed.chat.frame().lines.contains { $0.text.contains("prompt: 12 tokens") })
    // Earlier versions saved none.
    var old = tree
    old.update(old.path[1]) { $0.statistics = nil }
    resumed.type("/sessions bcd<Enter>")
    resumed.handle(.sessionOpened(Session(id: "bcdefghi", tree: old), request: 2))
    resumed.type("/stats<Enter>")
    #expect(resumed.chat.frame().lines.contains { $0.text.contains("has no statistics") })
  }

  /// Without keys and engine events no frame is drawn.
  @Test func noFramesWithoutEvents() {
    let driver = ChatDriver()
    #expect(driver.state.nextDeadline == nil)
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "x"))
    #expect(driver.state.nextDeadline == nil)
    driver.engine(.finished(.stop, TurnStatistics()))
    #expect(!driver.chat.tick(now: driver.now + 1))
    driver.type("<C-c>")
    // The message is shown for as long as a second press quits.
    #expect(driver.state.nextDeadline == driver.now + ChatState.repeatTime)
    #expect(driver.chat.tick(now: driver.now + ChatState.repeatTime))
    #expect(driver.state.nextDeadline == nil)
  }
}
