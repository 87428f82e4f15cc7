import Basics
import Conversation
import TerminalInterface
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Every view at three sizes, with its colours and without (Snapshots/views). Below each row are the parts whose look is
/// not the terminal's own: column+columns, foreground/background, emphasis. SNAPSHOT_RECORD=1 records them again.
@Suite struct ViewSnapshotTests {
  struct View: Sendable, CustomTestStringConvertible {
    var name: String
    var play: @Sendable (ChatDriver) -> Void
    var testDescription: String { name }
  }

  private static let hits = [
    SessionHit(
      session: "k3m9wq2x", title: "漢字", message: 4, role: .user, excerpt: "… the sea salt and مرحبا …"),
    SessionHit(
      session: "p7hh4tzd", title: "Why is the sea salt?", message: 0, role: .assistant,
      excerpt: "sea, e\u{301} 👨‍👩‍👧"),
  ]

  private static let markdown = """
    # One
    ## Two
    ### Three
    #### Four
    A ~~struck~~ word, H<sub>2</sub>O, $e^{i\\pi} = -1$ and **漢字** مرحبا e\u{301} 👨‍👩‍👧.

    - one
      - two
        - three

    $$
    \\sum_{i=1}^{n} i = \\frac{n(n+1)}{2}
    $$
    ```c
    #include <stdio.h>
    ```
    ```json
    {"key": null}
    ```
    """

  static let views = transcriptViews + panelViews

  private static let transcriptViews: [View] = [
    View(name: "empty") { _ in },
    View(name: "answer") { driver in
      driver.type("What is 漢字?<Enter>")
      driver.engine(.delta(.reasoning, "hm"), .delta(.answer, SnapshotTests.answer))
      driver.engine(
        .finished(
          .stop,
          TurnStatistics(
            promptTokens: 412, reusedTokens: 371, generatedTokens: 90, timeToFirstToken: 0.31,
            tokensPerSecond: 131,
            contextUsed: 502)))
    },
    View(name: "markdown") { driver in
      driver.type("More?<Enter>")
      driver.engine(.delta(.answer, markdown), .finished(.stop, TurnStatistics()))
    },
    View(name: "thinking") { driver in
      driver.type("Why?<Enter>")
      driver.engine(.delta(.reasoning, "First, مرحبا and 漢字 …"))
    },
    View(name: "prefill") { driver in
      driver.type("Why?<Enter>")
      driver.engine(.prefill(done: 100, total: 1000, reused: 100))
    },
    View(name: "stopped") { driver in
      driver.type("Why?<Enter>")
      driver.engine(.delta(.answer, "Because"), .finished(.cancelled, TurnStatistics()))
    },
    View(name: "siblings") { driver in
      for (answer, line) in [("One.", "Why?<Enter>"), ("Two.", "/regen<Enter>")] {
        driver.type(line)
        driver.engine(.delta(.answer, answer), .finished(.stop, TurnStatistics()))
      }
      driver.type("/branch ")
    },
    View(name: "long-message") { driver in
      driver.type("<Paste:\((1...40).map { "line \($0)" }.joined(separator: "\n"))><Enter>")
      driver.engine(.delta(.answer, "Read."), .finished(.stop, TurnStatistics()))
    },
    View(name: "menu") { $0.type("/") },
    View(name: "models") { $0.type("/model <Down>") },
    View(name: "download") { driver in
      driver.chat.mutate(driver.now) { state in
        state.canDownload = true
        state.suggestedDownloads = [
          DownloadChoice(name: "o/r", title: "漢字 4B", bytes: 2_500_000_000, detail: "for every day"),
          DownloadChoice(name: "o/large", title: "Large 20B", bytes: 12_100_000_000),
        ]
      }
      driver.type("/pull o/x<Enter>")
      driver.handle(.download(.failed("o/x: not found at huggingface.co; check the name")))
      driver.type("/pull o/r<Enter>")
      driver.handle(.download(.progress(done: 0, total: 2_500_000_000, note: "")))
      driver.now += 2
      driver.handle(.download(.progress(done: 250_000_000, total: 2_500_000_000, note: "")))
    },
    View(name: "suggestions") { driver in
      driver.chat.mutate(driver.now) { state in
        state.canDownload = true
        state.suggestedDownloads = [
          DownloadChoice(name: "o/r", title: "漢字 4B", bytes: 2_500_000_000, detail: "for every day"),
          DownloadChoice(name: "o/large", title: "Large 20B", bytes: 12_100_000_000),
        ]
      }
      driver.type("/pull ")
    },
    View(name: "settings") { $0.type("/set ") },
    View(name: "themes") { $0.type("/theme <Down>") },
    View(name: "sessions") { driver in
      driver.type("/sessions sea")
      driver.handle(.sessions(SnapshotTests.sessions, at: 1_000_000))
      driver.handle(.sessionHits(hits, text: "sea"))
    },
    View(name: "found") { driver in
      driver.type("The sea?<Enter>")
      driver.engine(.delta(.answer, "All **seas** are salt."), .finished(.stop, TurnStatistics()))
      driver.type("/search sea<Enter>")
    },
    View(name: "history-search") { driver in
      driver.type("find 漢字<Enter>")
      driver.engine(.delta(.answer, "Yes."), .finished(.stop, TurnStatistics()))
      driver.type("<C-r>fin")
    },
    View(name: "cache") { driver in
      driver.type("/cache<Enter>")
      driver.handle(.caches(SnapshotTests.report))
    },
    View(name: "delete") { driver in
      driver.type("Why?<Enter>")
      driver.engine(.delta(.answer, "So."), .finished(.stop, TurnStatistics()))
      driver.type("/delete<Enter>")
    },
    View(name: "queue") { driver in
      driver.type("Why?<Enter>")
      driver.engine(.delta(.answer, "Be"))
      driver.type("And then?<Enter>more 漢字")
    },
    View(name: "best") { driver in
      for turn in turns(driver, "What is 漢字?", "/best 3") {
        let answers = ["A *script* of `many` signs.", SnapshotTests.answer, "- 漢 Han\n- 字 sign 👨‍👩‍👧"]
        driver.handle(.engine(turn: turn, .delta(.answer, answers[(turn - 2) % 3])))
        let statistics = TurnStatistics(generatedTokens: 20, tokensPerSecond: 41.25)
        driver.handle(.engine(turn: turn, turn == 2 ? .finished(.stop, statistics) : .progress(statistics)))
      }
      driver.type("<Right>")
    },
    View(name: "best-many") { driver in
      for turn in turns(driver, "Why?", "/best 8") {
        driver.handle(.engine(turn: turn, .delta(.answer, "Answer \(turn).")))
      }
      driver.type("<Left><Left>")
    },
    View(name: "ask") { driver in
      let turns = turns(driver, "Why?", "/ask gemma-3-270m Why is the sea salt?")
      driver.handle(.engine(turn: turns[0], .delta(.reasoning, "They want a reason.")))
      driver.handle(.engine(turn: turns[0], .delta(.answer, "Rivers carry **salt**, and مرحبا.")))
      driver.handle(
        .engine(turn: turns[0], .progress(TurnStatistics(generatedTokens: 9, tokensPerSecond: 8.5))))
      driver.handle(.engine(turn: turns[1], .prefill(done: 30, total: 120, reused: 0)))
    },
    View(name: "ask-failed") { driver in
      let turns = turns(driver, "Why?", "/ask gemma-3-270m")
      driver.handle(.engine(turn: turns[0], .failed("models/gemma.gguf: the file is truncated")))
    },
    View(name: "error") { $0.handle(.note("models/x.gguf: the file is truncated", isError: true)) },
    View(name: "help") { $0.type("?") },
  ]

  /// Sends a message, which is answered, and then a command.
  /// - Returns: the turns that the command starts.
  private static func turns(_ driver: ChatDriver, _ message: String, _ command: String) -> [Int] {
    driver.type("\(message)<Enter>")
    driver.engine(.delta(.answer, "Because."), .finished(.stop, TurnStatistics()))
    _ = driver.takeEffects()
    driver.type("\(command)<Enter>")
    return driver.takeEffects().compactMap { if case .send(let turn, _) = $0 { turn } else { nil } }
  }

  private static let sizes = [(24, 80), (12, 40), (60, 200)]

  @Test(arguments: views)
  func view(_ view: View) throws {
    let theme = try ThemeLibrary(UserFolders(environment: ["HOME": "/nonexistent"])).theme(named: "night")
    for (rows, columns) in Self.sizes {
      let driver = ChatDriver(rows: rows, columns: columns, savesSessions: true)
      view.play(driver)
      let frame = driver.chat.frame()
      #expect(frame.lines.count == rows && frame.lines.allSatisfy { $0.columns <= columns })
      for (depth, name) in [(ColorDepth.direct, "color"), (.none, "mono")] {
        let text = Self.text(frame, theme, depth)
        let url = TestFiles.folder.appendingPathComponent(
          "Snapshots/views/\(view.name)-\(columns)x\(rows)-\(name).txt")
        if ProcessInfo.processInfo.environment["SNAPSHOT_RECORD"] == "1" {
          try Data(text.utf8).write(to: url)
        }
        #expect(try TestFiles.text(url) == text, "\(view.name) at \(columns)x\(rows), \(name)")
      }
    }
  }

  private static func text(_ frame: Frame, _ theme: Theme, _ depth: ColorDepth) -> String {
    var out = ""
    for line in frame.lines {
      var column = 0
      var parts: [String] = []
      for span in line.spans {
        let count = StyledLine([span]).columns
        if let look = look(span.style, theme, depth) { parts.append("\(column)+\(count) \(look)") }
        column += count
      }
      if let fill = line.fill, let look = look(TextStyle(fill), theme, depth) {
        parts.append("\(column)… \(look)")
      }
      var text = line.text[...]
      while text.last == " " { text = text.dropLast() }
      out += "|\(text)\n" + (parts.isEmpty ? "" : "  ~ \(parts.joined(separator: "; "))\n")
    }
    if let cursor = frame.cursor { out += "cursor: row \(cursor.row), column \(cursor.column)\n" }
    return out
  }

  private static func look(_ style: TextStyle, _ theme: Theme, _ depth: ColorDepth) -> String? {
    let look = theme.look(style.role, depth: depth)
    func color(_ color: ThemeColor) -> String {
      let value = color.value(for: depth)
      return value < 0 ? "" : "#" + String(0x1000000 + value, radix: 16).dropFirst()
    }
    let marks: [(Emphasis, String)] = [
      (.bold, "bold"), (.dim, "dim"), (.italic, "italic"), (.underline, "underline"), (.reverse, "reverse"),
      (.struck, "struck"),
    ]
    let emphasis = look.emphasis.union(style.emphasis)
    let words = marks.filter { emphasis.contains($0.0) }.map(\.1)
    let colors = [color(look.foreground), color(look.background)]
    let all = (colors == ["", ""] ? [] : [colors.joined(separator: "/")]) + words
    return all.isEmpty ? nil : all.joined(separator: " ")
  }
}
