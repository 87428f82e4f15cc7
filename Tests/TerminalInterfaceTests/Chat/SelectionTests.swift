import Conversation
import TerminalInterface
import Testing

@Suite struct SelectionTests {
  private static let answer = "Text.\n\n```sh\nls\n```\n\nMore.\n\n```sh\npwd\n```\n"

  private func driver() -> ChatDriver {
    let driver = ChatDriver(rows: 12, columns: 60)
    driver.type("Why?<Enter>")
    driver.engine(.delta(.answer, Self.answer), .finished(.stop, TurnStatistics()))
    _ = driver.takeEffects()
    return driver
  }

  @Test func keysSelectAndCopy() {
    let driver = driver()
    driver.type("<A-s>")
    #expect(driver.state.selection?.code == 2)
    driver.type("<Up>")
    #expect(driver.state.selection?.code == 1)
    let marked = driver.chat.frame().lines.filter { $0.fill == .menuSelected }.map(\.text)
    #expect(marked == ["  sh · /copy 1", "  ls"])
    driver.type("<Up>")
    #expect(driver.state.selection?.code == nil)
    driver.type("<Down><Enter>")
    #expect(driver.takeEffects().contains(.copy("ls\n")))
    #expect(driver.state.selection == nil)
  }

  @Test func aSelectionIsSavedOrPiped() {
    let driver = driver()
    driver.type("<A-s>s")
    #expect(driver.takeEffects().contains(.save(path: "sotto-code.txt", text: "pwd\n")))
    driver.type("/select<Enter>|")
    #expect(driver.state.draft.text == "/pipe ")
    driver.type("wc -c<Enter>")
    #expect(driver.takeEffects().contains(.pipe("wc -c", text: "pwd\n")))
    // Without a selection, the last answer.
    driver.type("/pipe cat<Enter>")
    #expect(driver.takeEffects().contains(.pipe("cat", text: Self.answer)))
  }

  /// Several keys may arrive at once, as over a slow connection.
  @Test func keysCountOneByOne() {
    let driver = driver()
    driver.type("<A-s>ky")
    #expect(driver.takeEffects().contains(.copy("ls\n")) && driver.state.draft.isEmpty)
    driver.type("<A-s>|wc -c<Enter>")
    #expect(driver.takeEffects().contains(.pipe("wc -c", text: "pwd\n")))
  }

  @Test func aRunningCommandIsShownUntilItEnds() {
    let driver = driver()
    driver.type("/pipe sleep 9<Enter>")
    driver.wait(8)
    #expect(driver.state.flash?.text == "sleep 9 is running")
    driver.handle(.piped("sleep 9 (no output)", isError: false))
    #expect(driver.state.flash == nil)
    #expect(driver.chat.frame().lines.contains { $0.text == "sleep 9 (no output)" })
  }

  @Test func otherKeysEndIt() {
    let driver = driver()
    driver.type("<A-s><Esc>")
    #expect(driver.state.selection == nil && driver.state.draft.isEmpty)
    driver.type("<A-s>hello")
    #expect(driver.state.selection == nil && driver.state.draft.text == "hello")
  }

  @Test func aCommandGetsTheText() {
    let counted = PipedCommand.run("wc -c", "five5")
    #expect(!counted.isError && counted.text.split { " \n".contains($0) }.last == "5")
    let failed = PipedCommand.run("echo it is; exit 3", "")
    #expect(failed.isError && failed.text == "echo it is; exit 3 failed with status 3:\nit is")
    #expect(PipedCommand.run("true", "x").text == "true (no output)")
    // An error in the command is part of its output; what it gets are no arguments.
    #expect(PipedCommand.run("if", "").isError)
    #expect(PipedCommand.run("echo $#", "").text == "echo $#:\n0")
    // Default signals: a command whose reader ends is ended by SIGPIPE.
    #expect(PipedCommand.run("yes | head -1", "").text == "yes | head -1:\ny")
    #expect(PipedCommand.run("kill -TERM $$", "").text.contains("failed with status 143"))
    let long = PipedCommand.run("head -c 100000 /dev/zero | tr '\\0' x", "")
    #expect(long.text.utf8.count < 20_000 && long.text.hasSuffix("(the rest is not shown)"))
  }
}
