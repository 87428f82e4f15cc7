import Conversation
import TerminalInterface

/// The views of `ViewSnapshotTests` with panels, menus, questions and notices.
extension ViewSnapshotTests {
  private static let answer =
    "The 漢字 are e\u{301} مرحبا 👨‍👩‍👧:\n\n```c\nint sea = 1;\n```\n\n```sh\nls -l\n```\nEnd."

  private static let tokens: [InspectedToken] = [
    InspectedToken(
      offset: 0, count: 4, probability: 0.93, alternatives: [.init(text: "The ", probability: 0.93)]),
    InspectedToken(
      offset: 4, count: 6, probability: 0.14,
      alternatives: [
        .init(text: "letters", probability: 0.5123), .init(text: "漢字", probability: 0.14),
        .init(text: "\u{1B}[31m", probability: 0.0004),
      ]),
    InspectedToken(offset: 10, count: 5, probability: 0.41, alternatives: []),
    InspectedToken(offset: 15, count: answer.utf8.count - 15, probability: 0.8, alternatives: []),
  ]

  private static let files = ["Sources/", "Sources.txt", "Sources/漢字 مرحبا.md"].map {
    FileListing.Item(path: $0, isFolder: $0.hasSuffix("/"), bytes: 12_345)
  }

  private static func turn(_ driver: ChatDriver, _ statistics: TurnStatistics = TurnStatistics()) {
    driver.type("Why?<Enter>")
    driver.engine(.delta(.answer, answer), .finished(.stop, statistics))
  }

  private static func inspect(_ driver: ChatDriver) {
    turn(driver)
    driver.type("/inspect<Enter>")
    if let message = driver.state.inspector?.message { driver.handle(.inspected(tokens, message: message)) }
  }

  static let panelViews: [View] = [
    View(name: "inspector") { driver in
      inspect(driver)
      driver.type("<Down>")
    },
    View(name: "inspecting") { driver in
      turn(driver)
      driver.type("/inspect<Enter>")
    },
    View(name: "selected-message") { driver in
      turn(driver)
      driver.type("/select<Enter><Up><Up>")
    },
    View(name: "selected-code") { driver in
      turn(driver)
      driver.type("<A-s>")
    },
    View(name: "pipe") { driver in
      turn(driver)
      driver.type("/pipe tr a-z A-Z<Enter>")
      driver.handle(.piped("THE 漢字 ARE \u{1B}[31m\nEND.", isError: false))
    },
    View(name: "pipe-failed") { driver in
      turn(driver)
      driver.type("/pipe nothing<Enter>")
      driver.handle(.piped("nothing: command not found (exit status 127)", isError: true))
    },
    View(name: "presets") { driver in
      driver.chat.mutate(driver.now) { ($0.presets, $0.preset) = (["review", "漢字 tutor"], "review") }
      driver.type("/preset ")
    },
    View(name: "files") { driver in
      driver.type("Read @Sou")
      driver.handle(.files(FileListing(typed: "Sou", items: files)))
    },
    View(name: "attachment") { driver in
      driver.type("Read ")
      driver.handle(
        .attached(
          .success(
            FileAttachment(label: "漢字.md · 12 lines", text: "text", leftOut: "漢字.md: 2 kB of 9 kB left out")))
      )
    },
    View(name: "draft") {
      $0.type(
        "One 漢字 line<C-j>مرحبا e\u{301}<C-j><Paste:\((1...9).map(String.init).joined(separator: "\n"))> 👨‍👩‍👧<Left>"
      )
    },
    View(name: "editing") { driver in
      turn(driver)
      driver.type("/edit<Enter>")
    },
    View(name: "stats") { driver in
      turn(
        driver,
        TurnStatistics(
          promptTokens: 412, reusedTokens: 371, generatedTokens: 90, timeToFirstToken: 0.31,
          tokensPerSecond: 131,
          contextUsed: 7400))
      driver.type("/stats<Enter>")
    },
    View(name: "model-list") { driver in
      driver.type("/models<Enter>")
      driver.handle(.models(ChatDriver.models, current: ChatDriver.model, settings: ChatSettings()))
    },
    View(name: "loading") { driver in
      driver.type("/model gemma-3-270m<Enter>")
      driver.wait(ChatState.flashTime)
      driver.type("Why?<Enter>")
    },
    View(name: "context-full") { driver in
      turn(driver, TurnStatistics(contextUsed: 8000))
      driver.type("And then?<Enter>")
      driver.engine(.contextExceeded(tokens: 9000, context: 8192))
    },
    View(name: "too-long") { driver in
      turn(driver)
      driver.type("And then?<Enter>")
      driver.engine(.contextExceeded(tokens: 9000, context: 8192))
    },
    View(name: "think") { $0.type("/think ") },
    View(name: "compacted") { driver in
      turn(driver)
      turn(driver)
      driver.type("/compact 1<Enter>")
    },
    View(name: "quit") { $0.type("<C-c>") },
  ]
}
