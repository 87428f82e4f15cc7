import Conversation
import TerminalInterface
import Testing

@Suite struct CacheTests {
  @Test func theReportIsShownOnArrival() {
    let driver = ChatDriver()
    driver.type("/cache<Enter>")
    #expect(driver.takeEffects().contains(.reportCaches(session: "first")))
    driver.handle(.caches(SnapshotTests.report))
    guard case .notice(let text, _)? = driver.state.transcript.entries.last?.content else {
      Issue.record("there is no report")
      return
    }
    #expect(text == CacheText.of(SnapshotTests.report))
    // A report without a request is not shown.
    driver.handle(.caches(SnapshotTests.report))
    #expect(driver.state.transcript.entries.count == 1)
  }

  @Test(arguments: [
    (CacheReport(), "Prompt caches: 0 B in memory\nThe caches are empty."),
    (
      CacheReport(budget: 2_000_000_000, held: 0, diskLimit: 5_000_000_000),
      "Prompt caches: 0 B of 2.0 GB in memory, 0 B of 5.0 GB on disk\nThe caches are empty."
    ),
    (
      CacheReport(
        held: 1_000_000,
        entries: [
          .init(
            model: "a\u{1B}", branches: 1, tokens: 1, bytes: 1_000_000, isResident: true,
            holdsConversation: true)
        ]),
      "Prompt caches: 1.0 MB in memory\n◆ a␛  1 branch  1 token  1.0 MB  loaded"
    ),
  ])
  func text(_ report: CacheReport, _ expected: String) { #expect(CacheText.of(report) == expected) }

  @Test(arguments: [
    (1_200_000_000 as Int?, "Released 1.2 GB of prompt caches."), (nil, "This engine has no prompt caches."),
  ])
  func clearing(_ bytes: Int?, _ expected: String) {
    let driver = ChatDriver()
    driver.type("/cache clear<Enter>")
    #expect(driver.takeEffects().contains(.clearCaches))
    driver.handle(.cachesCleared(bytes))
    #expect(driver.state.transcript.entries.last?.content == .notice(expected, .notice))
  }

  @Test func modelsShowTheirCachedTokens() {
    let driver = ChatDriver()
    driver.type("/model ")
    // The current list, not the one from the start of the program.
    #expect(driver.takeEffects().contains { if case .refreshModels = $0 { true } else { false } })
    #expect(
      driver.state.menu?.items.map(\.detail) == [
        "Q4_1     98 MB  in use · cached 9\u{202F}940", "Q4_K_M  253 MB  9\u{202F}812 new · about 2.10 s",
      ])
    driver.type("<C-u>/models<Enter>")
    driver.handle(.models(ChatDriver.models, current: ChatDriver.model, settings: ChatSettings()))
    guard case .notice(let text, _)? = driver.state.transcript.entries.last?.content else {
      Issue.record("there is no list")
      return
    }
    #expect(text.hasPrefix("◆ SmolLM2-135M  Q4_1     98 MB  in use · cached"))
  }
}
