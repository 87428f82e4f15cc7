import Conversation
import TerminalInterface
import Testing

@Suite struct CommandTests {
  @Test(arguments: [
    ("hello", SubmittedLine.message("hello")), ("//etc", .message("/etc")),
    ("/usr/lib is full", .message("/usr/lib is full")),
    ("/new", .command(.new, argument: "")), ("/NEW", .command(.new, argument: "")),
    ("/set  top_k  40 ", .command(.set, argument: "top_k  40")),
    ("/system be\nbrief", .message("/system be\nbrief")), ("/new\n", .command(.new, argument: "")),
    ("//etc\nx", .message("//etc\nx")),
    ("/modle x", .unknown("modle", nearest: "model")), ("/xyzzy", .unknown("xyzzy", nearest: nil)),
    ("/", .unknown("", nearest: nil)),
  ])
  func parse(_ text: String, _ expected: SubmittedLine) { #expect(SubmittedLine.parse(text) == expected) }

  @Test func everyCommandIsListedOnce() {
    #expect(CommandEntry.all.map(\.command) == Command.allCases)
    let help = HelpText.lines(width: 80).map(\.text).joined(separator: "\n")
    for entry in CommandEntry.all { #expect(help.contains("/\(entry.name)")) }
    for setting in Setting.all { #expect(help.contains(setting.name.rawValue)) }
    #expect(HelpText.lines(width: 40).allSatisfy { $0.columns <= 40 })
  }

  @Test(arguments: [
    ("modle", "model"), ("modls", "models"), ("hlep", "help"), ("ne", "new"), ("qqqqqq", nil), ("", nil),
  ])
  func nearest(_ written: String, _ expected: String?) {
    #expect(NearestName.of(written, among: CommandEntry.all.map(\.name)) == expected)
  }

  @Test(arguments: [
    ("kitten", "sitting", 3), ("ab", "ba", 1), ("", "abc", 3), ("abc", "abc", 0), ("ca", "abc", 3),
  ])
  func editDistance(_ one: String, _ other: String, _ expected: Int) {
    #expect(NearestName.distance(Array(one), Array(other)) == expected)
  }

  @Test func anUnknownCommandKeepsTheDraftAndSuggestsTheNearest() {
    let driver = ChatDriver()
    driver.type("/thme x<Enter>")
    #expect(driver.state.flash?.text == "There is no command /thme. Did you mean /theme?")
    #expect(driver.draft == "/thme x|")
    #expect(driver.takeEffects().isEmpty)
  }

  @Test func theMenuFiltersCompletesAndRuns() {
    let driver = ChatDriver()
    driver.type("/mo")
    #expect(driver.state.menu?.items.map(\.completed) == ["/model ", "/models"])
    driver.type("<Tab>")
    #expect(driver.draft == "/model |")
    // The current model is marked first.
    #expect(driver.state.menu.map { driver.state.selection(in: $0) } == 0)
    driver.type("gem<Enter>")
    #expect(driver.takeEffects().contains(.switchModel("gemma-3-270m")))
    #expect(driver.state.loading == "gemma-3-270m")
    driver.type("/se<Tab><Esc>")
    #expect(driver.state.menu == nil)
    driver.type("top_k 5<Enter>")
    #expect(driver.state.settings.topK == 5)
  }

  @Test func oneModelIsLoadedAtATime() {
    let driver = ChatDriver()
    driver.type("/model gemma-3-270m<Enter>")
    #expect(driver.takeEffects().contains(.switchModel("gemma-3-270m")))
    driver.type("/model /elsewhere<Enter>")
    #expect(!driver.takeEffects().contains(.switchModel("/elsewhere")))
    #expect(driver.state.loading == "gemma-3-270m")
  }

  @Test func themesArePreviewed() {
    let driver = ChatDriver()
    driver.type("/theme<Enter><Down>")
    #expect(driver.state.shownTheme == "day")
    #expect(driver.state.theme == "night")
    driver.type("<Esc>")
    #expect(driver.state.shownTheme == "night")
    driver.type("<C-c>/theme day<Enter>")
    #expect(driver.state.theme == "day")
  }

  @Test func savingAndCopying() {
    let driver = ChatDriver()
    driver.type("/copy<Enter>")
    #expect(driver.takeEffects() == [.appendHistory("/copy")])
    driver.type("hi<Enter>")
    driver.engine(
      .delta(.answer, "Text\n```c\nint x;\n```\nmore\n~~~\ny\n\nz\n~~~\n"), .finished(.stop, TurnStatistics())
    )
    _ = driver.takeEffects()
    driver.type("/copy 2<Enter>")
    #expect(driver.takeEffects().last == .copy("y\n\nz\n"))
    driver.type("/copy 3<Enter>")
    #expect(driver.state.flash?.text == "The answer has code blocks 1 to 2")
    driver.type("/save a.json<Enter>")
    guard case .save("a.json", let text)? = driver.takeEffects().last else {
      Issue.record("nothing was saved")
      return
    }
    #expect(text == driver.state.conversation.json(model: "SmolLM2-135M"))
  }

  @Test func redrawingAnswersNoQuestion() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("Why?<Enter>")
    driver.engine(.delta(.answer, "So."), .finished(.stop, TurnStatistics()))
    driver.type("/delete<Enter>")
    driver.type("<C-l>")
    #expect(driver.state.question != nil)
    driver.type("n")
    #expect(driver.state.question == nil)
  }

  @Test func theCursorStaysOnAScreenOfOneRow() {
    let driver = ChatDriver(rows: 1, columns: 10)
    driver.type("text")
    #expect(driver.chat.frame().cursor?.row == 0)
  }
}
