import Conversation
import TerminalInterface
import Testing

/// `/pull`, driven by scripted events.
@Suite struct DownloadTests {
  private static let suggestions = [
    DownloadChoice(name: "o/small:Q4", title: "Small 1B", bytes: 700_000_000, detail: "quick"),
    DownloadChoice(name: "o/large", title: "Large 20B", bytes: 12_100_000_000),
  ]
  private static let choices = [
    DownloadChoice(name: "o/r:R-Q4_K_M", title: "R-Q4_K_M", bytes: 2_500_000_000),
    DownloadChoice(name: "o/r:R-Q8_0", title: "R-Q8_0", bytes: 4_200_000_000),
  ]

  private func driver(hasModel: Bool = true) -> ChatDriver {
    let driver = ChatDriver(hasModel: hasModel)
    driver.chat.mutate(driver.now) { state in
      state.canDownload = true
      state.suggestedDownloads = Self.suggestions
    }
    return driver
  }

  private func status(_ driver: ChatDriver) -> String {
    driver.chat.frame().lines.last?.text ?? ""
  }

  private func notices(_ driver: ChatDriver) -> [String] {
    driver.state.transcript.entries.compactMap {
      if case .notice(let text, _) = $0.content { text } else { nil }
    }
  }

  @Test func theStatusLineShowsBytesSpeedAndTimeWhileTheChatGoesOn() {
    let driver = driver()
    driver.type("/pull o/r<Enter>")
    #expect(driver.takeEffects().contains(.download("o/r")))
    #expect(status(driver).contains("pull connecting"))
    driver.handle(.download(.progress(done: 100_000_000, total: 1_000_000_000, note: "")))
    #expect(status(driver).contains("pull 10%"))
    driver.now += 2
    driver.handle(.download(.progress(done: 200_000_000, total: 1_000_000_000, note: "")))
    // 100 MB in 2 s leave 800 MB for 16 s.
    #expect(status(driver).contains("pull 20% · 50 MB/s · 16 s left"))
    driver.type("hello<Enter>")
    #expect(driver.state.turn != nil)
    #expect(status(driver).contains("pull 20%"))
    driver.handle(.download(.progress(done: 200_000_000, total: 1_000_000_000, note: "h answers 429")))
    #expect(status(driver).contains("h answers 429"))
  }

  @Test func aFinishedModelIsListedAtOnce() {
    let driver = driver()
    driver.type("/pull o/r<Enter>")
    _ = driver.takeEffects()
    driver.handle(.download(.finished(model: "r", bytes: 2_500_000_000, wasThere: false)))
    #expect(notices(driver) == ["r was downloaded (2.5 GB); /model r switches to it."])
    #expect(driver.state.download == nil)
    let isListed = driver.takeEffects().contains { if case .refreshModels = $0 { true } else { false } }
    #expect(isListed)
  }

  @Test func theFirstModelIsUsedAtOnce() {
    let driver = driver(hasModel: false)
    driver.type("/pull o/r<Enter>")
    driver.handle(.download(.finished(model: "r", bytes: 1, wasThere: false)))
    #expect(driver.takeEffects().contains(.switchModel("r")))
  }

  @Test func onlyOneRunsAtATime() {
    let driver = driver()
    driver.type("/pull o/r<Enter>")
    _ = driver.takeEffects()
    driver.type("/pull o/other<Enter>")
    #expect(!driver.takeEffects().contains(.download("o/other")))
    #expect(driver.state.flash?.text == "o/r is being downloaded; /pull stop stops it")
  }

  @Test(arguments: ["/pull stop<Enter>", "/pull <Enter>", "<C-c>"])
  func itIsStopped(by script: String) {
    let driver = driver()
    driver.type("/pull o/r<Enter>")
    driver.handle(.download(.progress(done: 43, total: 100, note: "")))
    _ = driver.takeEffects()
    driver.type(script)
    #expect(driver.takeEffects().contains(.stopDownload))
    // The next Ctrl-C is not for a download that is stopping.
    driver.type("<C-c>")
    #expect(driver.state.askedToQuit != nil)
    driver.handle(.download(.stopped))
    #expect(notices(driver) == ["The download of o/r stopped at 43%; /pull o/r resumes it there."])
  }

  @Test func anErrorIsANotice() {
    let driver = driver()
    driver.type("/pull o/r<Enter>")
    driver.handle(.download(.failed("o/r: not found at h; check the name")))
    #expect(
      driver.state.transcript.entries.last?.content == .notice("o/r: not found at h; check the name", .error))
    #expect(driver.state.download == nil)
  }

  @Test func theMenuSuggestsModelsUntilARepositoryIsWritten() {
    let driver = driver()
    driver.type("/pull ")
    #expect(driver.state.menu?.items.map(\.title) == ["Small 1B", "Large 20B"])
    #expect(driver.state.menu?.items.first?.detail == "700 MB  quick")
    driver.type("large")
    #expect(driver.state.menu?.items.map(\.completed) == ["/pull o/large"])
    driver.type("<Enter>")
    #expect(driver.takeEffects().contains(.download("o/large")))
    driver.handle(.download(.stopped))
    driver.type("/pull o/small")
    #expect(driver.state.menu == nil)
  }

  @Test func aRepositoryWithSeveralModelsOpensAMenu() {
    let driver = driver()
    driver.type("/pull o/r<Enter>")
    _ = driver.takeEffects()
    driver.handle(.download(.choices(Self.choices, preferred: 1)))
    #expect(driver.draft == "/pull o/r:|")
    let menu = driver.state.menu
    #expect(menu?.items.map(\.title) == ["R-Q4_K_M", "R-Q8_0"])
    #expect(menu?.preferred == 1)
    #expect(menu?.items.last?.detail == "4.2 GB  fits this machine best")
    driver.type("<Enter>")
    #expect(driver.takeEffects().contains(.download("o/r:R-Q8_0")))
  }

  @Test func theMenuDoesNotReplaceADraft() {
    let driver = driver()
    driver.type("/pull o/r<Enter>")
    driver.type("a thought")
    driver.handle(.download(.choices(Self.choices, preferred: 0)))
    #expect(driver.draft == "a thought|")
    #expect(notices(driver).last?.contains("/pull o/r: lists them") == true)
  }

  @Test func lateEventsOfAStoppedDownloadChangeNothing() {
    let driver = driver()
    driver.handle(.download(.progress(done: 1, total: 2, note: "")))
    driver.handle(.download(.failed("late")))
    #expect(driver.state.download == nil)
    #expect(notices(driver).isEmpty)
  }

  @Test func aChatWithoutDownloadsSaysSo() {
    let driver = ChatDriver()
    driver.type("/pull o/r<Enter>")
    #expect(driver.state.flash?.text == "This chat cannot download models")
  }

  @Test func aLineListsTheSuggestions() {
    let chat = Chat(state: driver().state, size: ScreenSize(rows: 24, columns: 80))
    _ = chat.submit("/pull", now: 1)
    let last = chat.state.transcript.entries.last?.content
    #expect(
      last
        == .notice(
          "/pull NAME downloads a model, such as one of these:\n  o/small:Q4  700 MB\n  o/large  12 GB",
          .notice))
  }
}

@Suite struct DownloadProgressTests {
  private func progress(_ samples: [(Double, Int)], total: Int = 1_000_000_000) -> DownloadProgress {
    samples.reduce(into: DownloadProgress()) { progress, sample in
      progress.update(done: sample.1, total: total, note: "", now: sample.0)
    }
  }

  @Test(arguments: [
    // The bytes at the start were on disk before.
    ([(0.0, 500_000_000), (1, 510_000_000)], "10 MB/s", "49 s left"),
    ([(0, 0), (1, 1_000_000)], "1.0 MB/s", "17 min left"),
    ([(0, 0), (1, 50_000)], "50 kB/s", "5 h 34 min left"),
    // Only the last five seconds count.
    ([(0, 0), (10, 100_000_000), (11, 100_000_000), (12, 120_000_000)], "10 MB/s", "88 s left"),
  ])
  func speedAndRemainingTime(_ samples: [(Double, Int)], _ speed: String, _ time: String) {
    #expect(progress(samples).parts.suffix(2) == [speed, time])
  }

  @Test func unknownValuesAreOmitted() {
    #expect(DownloadProgress().parts.isEmpty)
    #expect(progress([(0, 1)]).parts == ["0%", "1 B of 1.0 GB"])
    // A stalled transfer has no remaining time.
    #expect(progress([(0, 1), (2, 1)]).parts.count == 2)
    // A file that begins again is no negative speed.
    #expect(progress([(0, 1000), (2, 5_000_000), (3, 0)]).parts.count == 2)
  }
}
