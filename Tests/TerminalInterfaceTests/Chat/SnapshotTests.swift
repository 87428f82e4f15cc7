import Conversation
import TerminalInterface
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Complete frames as text files (Snapshots/). SNAPSHOT_RECORD=1 records them again; review the difference before a
/// commit.
@Suite struct SnapshotTests {
  static let answer = """
    # Sotto voce

    *Sotto voce* means **in a quiet voice**, with `inline code` and a [link](https://example.org/a).

    - one item that is long enough to wrap on a screen of eighty columns because it goes on
      - nested
    1. first

    > A quote about terminals.

    ```swift
    func greet() { print("Hi") } // ok
    ```

    | Model | Size |
    |:------|-----:|
    | SmolLM2 | 98 MB |

    漢字 👨‍👩‍👧 🇩🇪 ❤️ e\u{301} مرحبا \u{1B}[31m.
    """

  private static func conversation(_ driver: ChatDriver) {
    driver.type("What does *sotto voce* mean?<Enter>")
    driver.engine(.delta(.reasoning, "They ask "))
    driver.now += 3.2
    driver.engine(
      .delta(.reasoning, "for a meaning."), .delta(.answer, answer),
      .finished(
        .stop,
        TurnStatistics(
          promptTokens: 412, reusedTokens: 371, generatedTokens: 90, timeToFirstToken: 0.31,
          tokensPerSecond: 131,
          contextUsed: 502)))
  }

  static let sessions = [
    SessionSummary(id: "first", title: "Sotto voce", model: "SmolLM2-135M", messages: 12, saved: 999_990),
    SessionSummary(id: "k3m9wq2x", title: "漢字 and \u{1B}[31m", model: nil, messages: 1, saved: 990_000),
    SessionSummary(
      id: "p7hh4tzd", title: "Why is the sea salt, and why are the rivers not, although they carry it there",
      model: "gemma-3-270m", messages: 1204, saved: 0),
  ]

  static let report = CacheReport(
    budget: 4_000_000_000, held: 458_000_000, diskLimit: 10_000_000_000, diskHeld: 310_000_000,
    entries: [
      .init(
        model: "SmolLM2-135M", branches: 3, tokens: 12_400, bytes: 420_000_000, isResident: true,
        holdsConversation: true),
      .init(
        model: "gemma-3-270m", branches: 1, tokens: 2048, bytes: 38_000_000, isResident: false,
        holdsConversation: false),
    ])

  static let scenes: [(name: String, rows: Int, columns: Int, play: @Sendable (ChatDriver) -> Void)] = [
    ("empty-80x24", 24, 80, { _ in }),
    ("answer-80x30", 30, 80, conversation),
    ("answer-40x12", 12, 40, conversation),
    ("answer-20x5", 5, 20, conversation),
    (
      "scrolled-60x16", 16, 60,
      { driver in
        conversation(driver)
        driver.type("<PgUp>")
      }
    ),
    (
      "thinking-60x14", 14, 60,
      { driver in
        driver.type("Why?<Enter>")
        driver.engine(
          .delta(.reasoning, "First I should think about what the question is really asking for here."))
      }
    ),
    (
      "switched-90x10", 10, 90,
      { driver in
        driver.type("Why?<Enter>")
        driver.engine(.delta(.answer, "Because"))
        driver.handle(
          .modelLoaded(
            ModelInfo(name: "gemma-3-270m", quantisation: "Q4_K_M", contextLength: 32768), ChatSettings()))
        driver.wait(ChatState.flashTime)
        driver.type("/model ")
      }
    ),
    (
      "prefill-60x10", 10, 60,
      { driver in
        driver.type("Why?<Enter>")
        driver.engine(.prefill(done: 100, total: 1000, reused: 100))
        driver.now += 1
        driver.engine(.prefill(done: 400, total: 1000, reused: 100))
      }
    ),
    ("menu-60x14", 14, 60, { $0.type("/m") }),
    ("models-60x14", 14, 60, { $0.type("/model <Down>") }),
    (
      "draft-40x12", 12, 40,
      { $0.type("A draft of several lines<C-j>that also wraps because it is long<C-j>x<C-j>y<C-j>z<Up>") }
    ),
    (
      "search-60x10", 10, 60,
      { driver in
        driver.type("find me<Enter>")
        driver.engine(.delta(.answer, "Yes."), .finished(.stop, TurnStatistics()))
        driver.type("<C-r>fin")
      }
    ),
    (
      "sessions-72x14", 14, 72,
      { driver in
        driver.type("/sessions ")
        driver.handle(.sessions(sessions, at: 1_000_000))
        driver.type("<Down>")
      }
    ),
    (
      "delete-72x10", 10, 72,
      { driver in
        driver.type("Why is the sea salt?<Enter>")
        driver.engine(.delta(.answer, "Rivers."), .finished(.stop, TurnStatistics()))
        driver.type("/delete<Enter>")
      }
    ),
    (
      "cache-80x14", 14, 80,
      { driver in
        driver.type("/cache<Enter>")
        driver.handle(.caches(report))
      }
    ),
    (
      "branches-60x16", 16, 60,
      { driver in
        for answer in ["The first answer.", "The second one."] {
          driver.type(answer.hasPrefix("The f") ? "Why?<Enter>" : "/regen<Enter>")
          driver.engine(.delta(.answer, answer), .finished(.stop, TurnStatistics()))
        }
        driver.type("/branch<Enter>")
      }
    ),
    (
      "typed-ahead-100x8", 8, 100,
      { driver in
        driver.type("Why?<Enter>")
        driver.engine(
          .delta(.answer, "Yes."),
          .finished(
            .stop,
            TurnStatistics(
              promptTokens: 9980, reusedTokens: 9976, generatedTokens: 2, timeToFirstToken: 0.05,
              contextUsed: 9982, reuse: .typedAhead)))
      }
    ),
    ("help-40x12", 12, 40, { $0.type("?") }),
  ]

  @Test(arguments: scenes.indices)
  func frame(_ index: Int) throws {
    let scene = Self.scenes[index]
    let driver = ChatDriver(rows: scene.rows, columns: scene.columns, savesSessions: true)
    scene.play(driver)
    let frame = driver.chat.frame()
    #expect(frame.lines.count == scene.rows)
    for line in frame.lines { #expect(line.columns <= scene.columns) }
    let text = Self.text(of: frame, columns: scene.columns)
    let url = TestFiles.folder.appendingPathComponent("Snapshots/\(scene.name).txt")
    if ProcessInfo.processInfo.environment["SNAPSHOT_RECORD"] == "1" { try Data(text.utf8).write(to: url) }
    #expect(try TestFiles.text(url) == text)
  }

  // The rows between bars, then the cursor.
  private static func text(of frame: Frame, columns: Int) -> String {
    var out = ""
    for line in frame.lines {
      out += "|" + line.text + String(repeating: " ", count: max(0, columns - line.columns)) + "|\n"
    }
    if let cursor = frame.cursor { out += "cursor: row \(cursor.row), column \(cursor.column)\n" }
    return out
  }
}
