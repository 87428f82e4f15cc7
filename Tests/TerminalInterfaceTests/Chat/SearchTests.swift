import Conversation
import TerminalInterface
import Testing

@Suite struct SearchTests {
  private func driver(_ turns: Int) -> ChatDriver {
    let driver = ChatDriver(rows: 12, columns: 60, savesSessions: true)
    for number in 1...turns {
      driver.type("question \(number)<Enter>")
      let text = number.isMultiple(of: 3) ? "All Seas are salt." : "Nothing.\n\nAt all.\n\nReally."
      driver.engine(.delta(.answer, text), .finished(.stop, TurnStatistics()))
    }
    _ = driver.takeEffects()
    return driver
  }

  private func marked(_ driver: ChatDriver) -> [String] {
    driver.chat.frame().lines.flatMap(\.spans).filter { $0.style.emphasis.contains(.reverse) }.map(\.text)
  }

  @Test func theHitIsShownInItsPlace() {
    let driver = driver(12)
    driver.type("/search seas<Enter>")
    #expect(driver.state.flash?.text.hasPrefix("Message 4 of 4") == true)
    #expect(marked(driver) == ["Seas"])
    driver.type("<F3>")
    #expect(driver.state.flash?.text.hasPrefix("Message 3 of 4") == true)
    #expect(marked(driver).first == "Seas" && driver.state.scroll != .live)
    #expect(driver.chat.frame().lines.contains { $0.text.contains("question 9") || $0.text.contains("Seas") })
    driver.type("/search<Enter>")
    #expect(driver.state.flash?.text.hasPrefix("Message 2 of 4") == true)
    driver.type("<Esc>")
    #expect(marked(driver).isEmpty && driver.state.find == nil)
    driver.type("/search question 12<Enter>")
    #expect(driver.state.flash?.text == "Message 1 of 1 with this text")
    driver.type("/search absent<Enter>")
    #expect(driver.state.flash?.text == "No message contains “absent”")
  }

  @Test func theHitInAFoldedMessageIsShown() {
    let driver = ChatDriver(rows: 20, columns: 60)
    let lines = (1...40).map { "line \($0)" }.joined(separator: "\n")
    driver.type("<Paste:\(lines)><Enter>")
    driver.engine(.delta(.answer, "Read."), .finished(.stop, TurnStatistics()))
    func text() -> [String] { driver.chat.frame().lines.map(\.text) }
    #expect(text().contains { $0.contains("more lines") })
    driver.type("/search line 27<Enter>")
    #expect(text().contains("  line 27") && marked(driver) == ["line 27"])
    driver.type("<Esc>")
    #expect(text().contains { $0.contains("more lines") })
  }

  @Test func textIsFoundAsItIsShown() {
    let driver = ChatDriver(rows: 20, columns: 60)
    driver.type("Why?<Enter>")
    driver.engine(.delta(.answer, "All **seas**, and `lakes`, my_sea."), .finished(.stop, TurnStatistics()))
    for wanted in ["all seas, and lakes", "**seas**", "my_sea"] {
      driver.type("/search \(wanted)<Enter>")
      #expect(driver.state.flash?.text.hasPrefix("Message 1 of 1") == true, "\(wanted)")
    }
    driver.type("/search mysea<Enter>")
    #expect(driver.state.flash?.text.hasPrefix("No message") == true)
  }

  @Test func textIsSearchedForInAllSessions() {
    let driver = driver(1)
    driver.type("/sessions sea")
    let asked = driver.takeEffects().compactMap { effect in
      if case .searchSessions(let text) = effect { text } else { nil }
    }
    #expect(asked.last == "sea")
    driver.handle(.sessions(SnapshotTests.sessions, at: 1_000_000))
    let hit = SessionHit(session: "k3m9wq2x", title: "Other", message: 2, role: .user, excerpt: "… the sea …")
    driver.handle(.sessionHits([hit], text: "se"))
    #expect(driver.state.menu?.items.contains { $0.completed.hasSuffix(":2") } == false, "an older reply")
    driver.handle(.sessionHits([hit], text: "sea"))
    let items = driver.state.menu?.items ?? []
    guard let index = items.firstIndex(where: { $0.completed == "/sessions k3m9wq2x:2" }) else {
      Issue.record("no hit in the menu")
      return
    }
    for _ in 0..<index { driver.type("<Down>") }
    driver.type("<Enter>")
    #expect(driver.takeEffects().contains(.openSession("k3m9wq2x", request: 1)))
    var tree = MessageTree()
    for (role, text) in [(Role.user, "one"), (.assistant, "two"), (.user, "the sea"), (.assistant, "four")] {
      tree.append(Message(role: role, content: text, finish: role == .assistant ? .stop : nil))
    }
    driver.handle(.sessionOpened(Session(id: "k3m9wq2x", tree: tree), request: 1))
    #expect(driver.state.session.id == "k3m9wq2x")
    #expect(marked(driver) == ["sea"])
  }

  @Test func aRowIsMarkedInEitherCase() {
    let line = StyledLine([Span("ab ", .text), Span("CAB", .code)], fill: .code)
    let marked = line.marking("ab")
    #expect(marked.text == line.text && marked.fill == .code)
    #expect(
      marked.spans.filter { $0.style.emphasis.contains(.reverse) }.map { "\($0.text) \($0.style.role)" } == [
        "ab text", "AB code",
      ])
    #expect(line.marking("") == line && line.marking("absent") == line)
  }
}
