import Conversation
import TerminalInterface
import Testing

/// Several answers to one message: `/best` and `/ask`.
@Suite struct ComparisonTests {
  /// A chat after one turn with an answer.
  private func driver(columns: Int = 100) -> ChatDriver {
    let driver = ChatDriver(rows: 20, columns: columns)
    driver.type("Name a colour<Enter>")
    driver.engine(.delta(.answer, "Blue"), .finished(.stop, TurnStatistics(generatedTokens: 1)))
    _ = driver.takeEffects()
    return driver
  }

  /// The turns and the requests that were sent since the last call.
  private func sent(_ driver: ChatDriver) -> [(turn: Int, request: ChatRequest)] {
    driver.takeEffects().compactMap { effect in
      if case .send(let turn, let request) = effect { (turn, request) } else { nil }
    }
  }

  private func text(_ driver: ChatDriver) -> [String] { driver.chat.frame().lines.map(\.text) }

  @Test func answersRunTogetherAndOneIsPicked() throws {
    let driver = driver()
    driver.type("/best 3<Enter>")
    let turns = sent(driver)
    #expect(turns.count == 3 && Set(turns.map(\.turn)).count == 3)
    #expect(
      turns.allSatisfy { $0.request.isAlternative && $0.request.messages.map(\.content) == ["Name a colour"] }
    )
    for (index, colour) in ["Red", "Green", "White"].enumerated() {
      driver.handle(.engine(turn: turns[index].turn, .delta(.answer, colour)))
    }
    // Each event goes to the answer of its turn.
    driver.handle(.engine(turn: turns[1].turn, .delta(.answer, "ish")))
    #expect(text(driver).contains { $0.contains("Red") && $0.contains("Greenish") && $0.contains("White") })
    #expect(driver.state.turn != nil)
    for turn in turns {
      driver.handle(.engine(turn: turn.turn, .finished(.stop, TurnStatistics(generatedTokens: 2))))
    }
    #expect(driver.state.turn == nil && driver.state.comparison != nil)
    driver.type("<Right><Right><Left><Enter>")
    #expect(driver.state.comparison == nil)
    #expect(driver.state.conversation.messages.map(\.content) == ["Name a colour", "Greenish"])
    // The others stay: the first answer and the two that were not picked.
    #expect(driver.state.conversation.branchPoints.first?.choices.count == 4)
    #expect(text(driver).contains { $0.contains("Greenish") })
    #expect(!text(driver).contains { $0.contains("White") })
    driver.type("Why?<Enter>")
    #expect(sent(driver).last?.request.messages.map(\.content) == ["Name a colour", "Greenish", "Why?"])
  }

  @Test func aMessageMayFollowTheNumber() {
    let driver = driver()
    driver.type("/best 2 Name an animal<Enter>")
    let turns = sent(driver)
    #expect(turns.count == 2)
    #expect(turns[0].request.messages.map(\.content) == ["Name a colour", "Blue", "Name an animal"])
    #expect(turns[0].request.settings.seed == nil)
  }

  @Test func whatATurnWaitsForIsShown() throws {
    let driver = driver()
    driver.type("/best 2<Enter>")
    let turns = sent(driver)
    driver.handle(.engine(turn: turns[1].turn, .waiting("Large answers after the other model")))
    #expect(text(driver).contains { $0.contains("Large answers after the other model") })
    driver.handle(.engine(turn: turns[1].turn, .delta(.answer, "Red")))
    #expect(text(driver).contains { $0.contains("Red") })
  }

  @Test func seedsDiffer() {
    let driver = driver()
    driver.type("/set seed 7<Enter>/best 3<Enter>")
    #expect(sent(driver).map(\.request.settings.seed) == [7, 8, 9])
  }

  @Test func pickingStopsTheOthers() {
    let driver = driver()
    driver.type("/best 3<Enter>")
    let turns = sent(driver).map(\.turn)
    for turn in turns { driver.handle(.engine(turn: turn, .delta(.answer, "Answer \(turn)"))) }
    driver.type("2<Enter>")
    #expect(
      driver.takeEffects().filter { effect in if case .cancelTurn = effect { true } else { false } }
        == [.cancelTurn(turns[0]), .cancelTurn(turns[2])])
    // The picked one goes on; late events of the others are dropped.
    driver.handle(.engine(turn: turns[0], .delta(.answer, " late")))
    driver.handle(.engine(turn: turns[1], .delta(.answer, " goes on")))
    driver.handle(.engine(turn: turns[1], .finished(.stop, TurnStatistics())))
    #expect(driver.state.conversation.messages.last?.content == "Answer \(turns[1]) goes on")
    #expect(driver.state.turn == nil)
  }

  @Test func escapeStopsAndThenKeepsTheFirst() {
    let driver = driver()
    driver.type("/best 2<Enter>")
    let turns = sent(driver).map(\.turn)
    for turn in turns { driver.handle(.engine(turn: turn, .delta(.answer, "Answer \(turn)"))) }
    driver.type("<Esc>")
    #expect(driver.takeEffects().contains(.cancel))
    for turn in turns { driver.handle(.engine(turn: turn, .finished(.cancelled, TurnStatistics()))) }
    driver.type("<Right><Esc>")
    #expect(driver.state.comparison == nil)
    #expect(driver.state.conversation.messages.last?.content == "Answer \(turns[0])")
  }

  @Test func nothingChangesWithoutATokenOfAnyAnswer() {
    let driver = driver()
    let before = driver.state.conversation
    driver.type("/best 2 Name an animal<Enter>")
    for turn in sent(driver).map(\.turn) {
      driver.handle(.engine(turn: turn, .finished(.cancelled, TurnStatistics())))
    }
    #expect(driver.state.comparison == nil && driver.state.conversation == before)
    #expect(driver.draft == "Name an animal|")
  }

  @Test func anotherModelIsAsked() {
    let driver = driver()
    driver.type("/ask gemma<Enter>")
    let turns = sent(driver)
    #expect(turns.count == 1 && turns[0].request.model == "gemma-3-270m")
    #expect(turns[0].request.messages.map(\.content) == ["Name a colour"])
    driver.handle(.engine(turn: turns[0].turn, .delta(.answer, "Orange")))
    #expect(text(driver).contains { $0.contains("Blue") && $0.contains("Orange") })
    driver.handle(.engine(turn: turns[0].turn, .finished(.stop, TurnStatistics())))
    driver.type("<Enter>")
    #expect(driver.state.conversation.messages.last?.content == "Orange")
    #expect(driver.state.conversation.messages.last?.model == "gemma-3-270m")
    #expect(driver.state.model?.name == "SmolLM2-135M", "the chat goes on with its model")
  }

  @Test func aFailedModelLeavesTheAnswer() {
    let driver = driver()
    let before = driver.state.conversation
    driver.type("/ask nowhere<Enter>")
    driver.handle(.engine(turn: sent(driver)[0].turn, .failed("no such model")))
    #expect(driver.state.comparison == nil && driver.state.conversation == before)
    #expect(text(driver).contains { $0.contains("no such model") })
  }

  /// A message goes to both models, and both answers stream at once.
  @Test func aMessageIsPutToTwoModels() {
    let driver = driver()
    driver.type("/ask gemma-3-270m Name an animal<Enter>")
    let turns = sent(driver)
    #expect(turns.map(\.request.model) == [nil, "gemma-3-270m"])
    #expect(turns.allSatisfy { $0.request.isAlternative })
    #expect(
      turns.allSatisfy { $0.request.messages.map(\.content) == ["Name a colour", "Blue", "Name an animal"] })
    for (turn, word) in [(0, "Cat"), (1, "Eel"), (0, "fish"), (1, "s")] {
      driver.handle(.engine(turn: turns[turn].turn, .delta(.answer, word)))
    }
    #expect(text(driver).contains { $0.contains("Catfish") && $0.contains("Eels") })
    #expect(text(driver).contains { $0.contains("▸ 1 SmolLM2") && $0.contains("2 gemma-3-270m · writing") })
    driver.type("<Right>")
    #expect(text(driver).last?.contains("gemma-3-270m writing") == true)
    driver.type("<Enter>")
    #expect(driver.takeEffects().contains(.cancelTurn(turns[0].turn)))
    driver.handle(.engine(turn: turns[1].turn, .delta(.answer, "!")))
    driver.handle(.engine(turn: turns[1].turn, .finished(.stop, TurnStatistics())))
    #expect(driver.state.conversation.messages.last?.content == "Eels!")
    #expect(driver.state.conversation.messages.last?.model == "gemma-3-270m")
    #expect(driver.state.conversation.branchPoints.first?.choices.count == 2)
  }

  @Test func theRunningAnswerGoesOnBesideAnother() {
    let driver = ChatDriver(rows: 20, columns: 100)
    driver.type("Name a colour<Enter>")
    let first = sent(driver)[0].turn
    driver.handle(.engine(turn: first, .delta(.answer, "Bl")))
    driver.type("/ask gemma<Enter>")
    let second = sent(driver)
    #expect(second.count == 1 && second[0].request.messages.map(\.content) == ["Name a colour"])
    #expect(second[0].request.model == "gemma-3-270m" && second[0].request.isAlternative)
    driver.handle(.engine(turn: second[0].turn, .delta(.answer, "Red")))
    driver.handle(.engine(turn: first, .delta(.answer, "ue")))
    #expect(text(driver).contains { $0.contains("Blue") && $0.contains("Red") })
    driver.handle(.engine(turn: first, .finished(.stop, TurnStatistics())))
    #expect(driver.state.comparison?.isRunning == true)
    driver.handle(.engine(turn: second[0].turn, .finished(.stop, TurnStatistics())))
    driver.type("<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["Name a colour", "Blue"])
    #expect(driver.state.turn == nil && driver.state.conversation.branchPoints.first?.choices.count == 2)
  }

  @Test func withoutATokenTheMessageReturns() {
    let driver = ChatDriver(rows: 20, columns: 100)
    driver.type("/ask gemma Name a colour<Enter>")
    for turn in sent(driver).map(\.turn) {
      driver.handle(.engine(turn: turn, .finished(.cancelled, TurnStatistics())))
    }
    #expect(driver.state.comparison == nil && driver.state.conversation.isEmpty)
    #expect(driver.draft == "Name a colour|")
  }

  @Test(arguments: [
    ("/ask SmolLM2-135M Why?", "is the current model"), ("/ask gemma", "no answer to compare with yet"),
  ])
  func whatCannotBeAskedIsRefused(_ command: String, _ message: String) {
    let driver = ChatDriver(rows: 20, columns: 100)
    driver.type("\(command)<Enter>")
    #expect(sent(driver).isEmpty && driver.state.comparison == nil && driver.state.conversation.isEmpty)
    #expect(driver.state.flash?.text.contains(message) == true)
  }

  /// The status line names the current model: the numbers of another one are not shown behind its name.
  @Test func numbersBelongToTheirModel() {
    let driver = driver()
    driver.type("/ask gemma<Enter>")
    let turn = sent(driver)[0].turn
    driver.handle(.engine(turn: turn, .delta(.answer, "Orange")))
    let statistics = TurnStatistics(generatedTokens: 2, tokensPerSecond: 77, contextUsed: 500)
    driver.handle(.engine(turn: turn, .progress(statistics)))
    #expect(text(driver).last?.contains("gemma-3-270m writing │ 77 tok/s") == true)
    driver.handle(.engine(turn: turn, .finished(.stop, statistics)))
    #expect(text(driver).last?.contains("77") == false)
    driver.type("<Enter>")
    #expect(driver.state.statistics == nil)
  }

  @Test func theReasonOfAFailureIsShown() {
    let driver = driver()
    driver.type("/ask nowhere Why?<Enter>")
    let turns = sent(driver).map(\.turn)
    driver.handle(.engine(turn: turns[0], .delta(.answer, "So")))
    driver.handle(.engine(turn: turns[1], .failed("there is no model nowhere")))
    #expect(
      driver.state.comparison != nil && text(driver).last?.contains("there is no model nowhere") == true)
  }

  @Test func aMessageWaitsForTheRunningAnswer() {
    let driver = ChatDriver(rows: 20, columns: 100)
    driver.type("Name a colour<Enter>")
    driver.engine(.delta(.answer, "Bl"))
    _ = driver.takeEffects()
    driver.type("/ask gemma Name an animal<Enter>")
    #expect(sent(driver).isEmpty && driver.state.comparison == nil && driver.state.turn != nil)
    driver.type("/best 2<Enter>")
    #expect(sent(driver).isEmpty && driver.state.comparison == nil)
  }

  /// The marked tab is visible, however many there are.
  @Test(arguments: [40, 20]) func theMarkedTabIsVisible(_ columns: Int) {
    let driver = driver(columns: columns)
    driver.type("/best 8<Enter>")
    for number in 1...8 {
      let tabs = text(driver).first { $0.contains("▸") } ?? ""
      #expect(columns < 40 || tabs.contains("▸ \(number) S"), "\(tabs)")
      #expect(columns < 40 || tabs.hasPrefix(number == 1 ? "▸ 1" : "1 │ "), "\(tabs)")
      driver.type("<Right>")
    }
  }

  @Test func narrowScreensHaveTabs() {
    #expect(ComparisonRenderer.columnWidth(100, count: 3) == 31)
    #expect(ComparisonRenderer.columnWidth(80, count: 3) == nil)
    let driver = driver(columns: 50)
    driver.type("/best 2<Enter>")
    for (turn, colour) in zip(sent(driver).map(\.turn), ["Red", "Green"]) {
      driver.handle(.engine(turn: turn, .delta(.answer, colour)))
    }
    #expect(text(driver).contains { $0.contains("Red") } && !text(driver).contains { $0.contains("Green") })
    driver.type("<Right>")
    #expect(text(driver).contains { $0.contains("Green") } && !text(driver).contains { $0.contains("Red") })
  }

  @Test func theKeysAreNamedAtEveryWidth() {
    for (columns, expected) in [
      (80, "── ← → choose · Enter keeps · Esc keeps the first ─"),
      (40, "── ← → · Enter · Esc keeps the first ──"),
    ] {
      let driver = driver(columns: columns)
      driver.type("/best 2<Enter>")
      for turn in sent(driver).map(\.turn) {
        driver.handle(.engine(turn: turn, .delta(.answer, "x")))
        driver.handle(.engine(turn: turn, .finished(.stop, TurnStatistics())))
      }
      #expect(text(driver).contains { $0.hasPrefix(expected) })
    }
  }

  @Test func longAnswersScroll() {
    let driver = driver(columns: 70)
    driver.type("/best 2<Enter>")
    let turns = sent(driver).map(\.turn)
    let lines = (1...60).map { "- line \($0) end" }.joined(separator: "\n")
    for turn in turns { driver.handle(.engine(turn: turn, .delta(.answer, lines))) }
    #expect(text(driver).contains { $0.contains("line 60 end") })
    driver.type("<PgUp><PgUp>")
    #expect(!text(driver).contains { $0.contains("▸ 1") && $0.contains("line 60") })
    #expect(text(driver).contains { $0.contains("line 35 end") })
    driver.type("<Home>")
    #expect(text(driver).contains { $0.contains("line 1 end") })
    driver.type("<End>")
    #expect(driver.state.comparison?.scroll == 0)
  }

  @Test(arguments: [
    ("/best 1", "from 2 to 8"), ("/best x", "from 2 to 8"), ("/best 99", "from 2 to 8"),
  ])
  func wrongNumbersAreRefused(_ command: String, _ message: String) {
    let driver = driver()
    driver.type("\(command)<Enter>")
    #expect(sent(driver).isEmpty && driver.state.comparison == nil)
    #expect(driver.state.flash?.text.contains(message) == true)
  }

  @Test func equalAnswersAreRefused() {
    let driver = driver()
    driver.type("/set temperature 0<Enter>/best 3<Enter>")
    #expect(sent(driver).isEmpty && driver.state.flash?.text.contains("temperature 0") == true)
  }

  @Test func thereMustBeSomethingToAnswer() {
    let driver = ChatDriver()
    driver.type("/best 2<Enter>/ask gemma<Enter>")
    #expect(sent(driver).isEmpty && driver.state.comparison == nil && driver.state.conversation.isEmpty)
  }
}
