import Conversation
import TerminalInterface
import Testing

@Suite struct DraftEditTests {
  @Test(arguments: [
    // A word is one step, and so is each cut.
    ("one two<A-z>", "one |"), ("one two<A-z><A-z>", "|"), ("one two<C-w><A-z>", "one two|"),
    ("one two<C-w><A-z><A-r>", "one |"), ("one<A-z><A-z><A-r>", "one|"), ("one<A-z>x<A-r>", "x|"),
    ("one<C-c><A-z>", "one|"), ("one<C-c><C-y>", "one|"), ("one<C-c><Up>", "one|"),
    // The kill ring.
    ("one two<C-w><C-a>x<C-k><C-y>", "xone |"), ("a<C-u>b<C-u>c<C-u><C-y>", "c|"),
    ("a<C-u>x<BS>b<C-u><C-y>", "b|"), ("a<C-u>x<BS>b<C-u><C-y><A-y>", "a|"),
    ("a<C-u>x<BS>b<C-u><C-y><A-y><A-y>", "b|"), ("a<C-u>b<A-y>", "b|"),
  ])
  func keys(_ script: String, _ expected: String) {
    let driver = ChatDriver()
    // One key at a time: a portion of input is one edit.
    var rest = script[...]
    while let first = rest.first {
      let end = first == "<" ? rest.firstIndex(of: ">") ?? rest.startIndex : rest.startIndex
      driver.type(String(rest[...end]))
      rest = rest[rest.index(after: end)...]
    }
    #expect(driver.draft == expected)
  }

  @Test func aPasteThatEndsItsLastLineIsNotALineLonger() {
    #expect(Draft.label(of: String(repeating: "x\n", count: 200)) == "[pasted 200 lines]")
    #expect(Draft.label(of: String(repeating: "x\n", count: 200) + "y") == "[pasted 201 lines]")
  }
}

@Suite struct QueueTests {
  private static func sent(_ driver: ChatDriver) -> [String] {
    driver.takeEffects().compactMap { effect in
      if case .send(_, let request) = effect { request.messages.last?.content } else { nil }
    }
  }

  @Test func messagesWaitForTheEndOfTheAnswer() {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "1"))
    driver.type("two<Enter>three<Enter>fo")
    #expect(Self.sent(driver) == ["one"])
    #expect(driver.chat.frame().lines.contains { $0.text.contains("waits: two") })
    driver.engine(.finished(.stop, TurnStatistics()))
    #expect(Self.sent(driver) == ["two"])
    #expect(driver.draft == "fo|")
    driver.engine(.delta(.answer, "2"), .finished(.stop, TurnStatistics()))
    #expect(Self.sent(driver) == ["three"])
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "1", "two", "2", "three", ""])
  }

  /// Right after the start, the model of the engine is not known yet.
  @Test(arguments: [true, false]) func aMessageBeforeTheModelIsKnownWaits(_ hasModel: Bool) {
    let driver = ChatDriver(hasModel: false)
    driver.type("one<Enter>")
    #expect(driver.draft == "|" && driver.state.queued.map(\.text) == ["one"])
    #expect(Self.sent(driver) == [])
    driver.handle(
      .models(ChatDriver.models, current: hasModel ? ChatDriver.model : nil, settings: ChatSettings()))
    #expect(Self.sent(driver) == (hasModel ? ["one"] : []))
    #expect(driver.state.queued.isEmpty && driver.draft == (hasModel ? "|" : "one|"))
    if !hasModel {
      driver.type("<Enter>")
      #expect(driver.draft == "one|" && driver.chat.frame().lines.contains { $0.text.contains("No model") })
    }
  }

  @Test func upTakesAMessageBack() {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "1"))
    driver.type("two<Enter><Up>")
    #expect(driver.draft == "two|")
    driver.engine(.finished(.stop, TurnStatistics()))
    #expect(Self.sent(driver) == ["one"])
  }

  /// A draft stays while a message is taken back: Down shows it again, and undo too.
  @Test func upKeepsADraft() {
    for (keys, expected) in [("<Down>", "draft|"), ("!<A-z><A-z>", "draft|"), ("<Up>", "one|")] {
      let driver = ChatDriver()
      driver.type("one<Enter>")
      driver.engine(.delta(.answer, "1"))
      driver.type("two<Enter>three<Enter>draft<Up>")
      #expect(driver.draft == "three|")
      #expect(driver.state.queued.map(\.text) == ["two"])
      driver.type(keys)
      #expect(driver.draft == expected)
      driver.engine(.finished(.stop, TurnStatistics()))
      #expect(Self.sent(driver) == ["one", "two"])
    }
  }

  /// What replaces a draft from the history can be undone, also after it was edited.
  @Test func aDraftSurvivesTheHistory() {
    let driver = ChatDriver(history: ["old", "older"])
    driver.type("draft")
    driver.type("<Up>")
    #expect(driver.draft == "older|")
    driver.type("!")
    driver.type("<A-z>")
    driver.type("<A-z>")
    #expect(driver.draft == "draft|")
  }
}
