import Conversation
import TerminalInterface
import Testing

/// Titles that the model proposes while nothing else is to do.
@Suite struct TitleTests {
  private func answered(_ settings: UserSettings = UserSettings()) -> ChatDriver {
    let driver = ChatDriver(savesSessions: true)
    driver.chat.mutate(driver.now) { $0.userSettings = settings }
    driver.handle(.sessionReady("first"))
    driver.type("Why is the sea salt?<Enter>")
    driver.engine(.delta(.answer, "Rivers."), .finished(.stop, TurnStatistics()))
    _ = driver.takeEffects()
    return driver
  }

  private func asks(_ driver: ChatDriver) -> [String] {
    driver.takeEffects().compactMap { effect in
      switch effect {
      case .proposeTitle(let request): "ask " + request.messages.map(\.content).joined(separator: "|")
      case .cancelTitle: "cancel"
      case .saveSession(let session): "save " + (session.title ?? "-")
      default: nil
      }
    }
  }

  @Test func theModelIsAskedAfterAPause() {
    let driver = answered()
    #expect(driver.state.nextDeadline == driver.now + TitleProposal.pause)
    driver.wait(TitleProposal.pause - 0.1)
    #expect(asks(driver).isEmpty)
    driver.wait(0.1)
    #expect(asks(driver) == ["ask Why is the sea salt?|Rivers."])
    driver.wait(60)
    #expect(asks(driver).isEmpty)
    driver.handle(.titleProposed("Title: **Salt in the sea.**\nMore", session: "first"))
    #expect(driver.state.session.title == "Salt in the sea")
    #expect(asks(driver) == ["save Salt in the sea"])
    // Once a conversation has a title, the model is not asked again.
    driver.type("And lakes?<Enter>")
    driver.engine(.delta(.answer, "No."), .finished(.stop, TurnStatistics()))
    driver.wait(60)
    #expect(!asks(driver).contains { $0.hasPrefix("ask") })
  }

  @Test func aKeyEndsIt() {
    let driver = answered()
    driver.wait(TitleProposal.pause)
    _ = driver.takeEffects()
    driver.wait(1)
    driver.type("a")
    #expect(asks(driver) == ["cancel"])
    // Not while there is a draft, whose prefill goes first; after it is deleted, after another pause.
    driver.handle(.titleProposed(nil, session: "first"))
    driver.wait(60)
    #expect(asks(driver).isEmpty)
    driver.type("<BS>")
    driver.wait(TitleProposal.pause - 0.1)
    #expect(asks(driver).isEmpty)
    driver.wait(0.2)
    #expect(asks(driver) == ["ask Why is the sea salt?|Rivers."])
  }

  /// Scrolling and commands are activity too.
  @Test(arguments: ["<PgUp>", "<C-l>", "<F1>"])
  func everyKeyCounts(_ key: String) {
    let driver = answered()
    driver.wait(TitleProposal.pause - 1)
    driver.type(key)
    driver.wait(TitleProposal.pause - 1)
    #expect(asks(driver).isEmpty)
    driver.wait(1)
    #expect(asks(driver).count == 1)
  }

  @Test func theUsersTitleStays() {
    let driver = answered()
    driver.wait(TitleProposal.pause)
    driver.type("/rename Mine<Enter>")
    driver.handle(.titleProposed("Salt", session: "first"))
    #expect(driver.state.session.title == "Mine")
    driver.wait(60)
    #expect(asks(driver).filter { $0.hasPrefix("ask") }.count == 1)
  }

  @Test func aReplyForAnotherSessionIsDropped() {
    let driver = answered()
    driver.wait(TitleProposal.pause)
    driver.type("/new<Enter>")
    driver.handle(.titleProposed("Salt", session: "first"))
    #expect(driver.state.session.title == nil)
  }

  /// A reply that is no title is followed by another request after the next answers, at most three in all.
  @Test func repliesWithoutATitleEndTheAttempts() {
    let driver = answered()
    var count = 0
    for _ in 0..<6 {
      driver.wait(TitleProposal.pause)
      count += asks(driver).filter { $0.hasPrefix("ask") }.count
      driver.handle(.titleProposed("...", session: "first"))
      driver.type("More<Enter>")
      driver.engine(.delta(.answer, "Yes."), .finished(.stop, TurnStatistics()))
    }
    #expect(count == TitleProposal.attempts)
    #expect(driver.state.session.title == nil)
  }

  @Test func nothingIsAskedWithoutTheSetting() {
    let driver = answered(UserSettings(file: [.titles: .flag(false)]))
    driver.wait(60)
    #expect(asks(driver).isEmpty)
    let unsaved = ChatDriver()
    unsaved.type("hello<Enter>")
    unsaved.engine(.delta(.answer, "Hi"), .finished(.stop, TurnStatistics()))
    unsaved.wait(60)
    #expect(asks(unsaved).isEmpty)
    // A stopped answer is not the end of the exchange.
    let stopped = ChatDriver(savesSessions: true)
    stopped.handle(.sessionReady("first"))
    stopped.type("hello<Enter>")
    stopped.engine(.delta(.answer, "Hi"), .finished(.cancelled, TurnStatistics()))
    stopped.wait(60)
    #expect(!asks(stopped).contains { $0.hasPrefix("ask") })
  }
}
