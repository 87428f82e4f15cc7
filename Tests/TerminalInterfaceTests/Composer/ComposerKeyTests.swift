import Conversation
import TerminalInterface
import Testing

/// The keys of the composer, as tables of keys and the resulting draft, with the cursor as a bar.
@Suite struct ComposerKeyTests {
  @Test(arguments: [
    ("hello", "hello|"),
    ("hello<Left><Left>X", "helX|lo"),
    ("ab<C-b><C-b><C-b>c", "c|ab"),
    ("ab<C-a>c<C-e>d", "cabd|"),
    ("ab<C-a><C-f>X", "aX|b"),
    ("one two three<A-b><A-b>", "one |two three"),
    ("one two<C-a><A-f>", "one| two"),
    ("one two<C-a><C-Right><C-Right>", "one two|"),
    ("one two<BS><BS>", "one t|"),
    ("<BS>a", "a|"),
    ("abc<C-a><Del>", "|bc"),
    ("abc<C-a><C-d>", "|bc"),
    ("one two/three<C-w>", "one |"),
    ("one two/three<A-BS>", "one two/|"),
    ("one two<C-a><A-d>", "| two"),
    ("one two<C-u>", "|"),
    ("one two<C-w><C-y><C-y>", "one twotwo|"),
    ("one two<C-w><C-w><C-y>", "one two|"),
    ("one two<C-a><C-k><C-y>!", "one two!|"),
    ("a<C-j>b", "a\nb|"),
    ("a<A-Enter>b", "a\nb|"),
    ("one<C-j>two<C-a>X", "one\nX|two"),
    ("one<C-j>two<C-a><C-u>", "one\n|two"),
    ("one<C-j>two<Up><C-a><C-k>", "|\ntwo"),
    ("one<C-j>two<Up><C-e><C-k>", "one|two"),
    ("one<C-j>two<C-u><C-y>", "one\ntwo|"),
    ("漢字<Left>か", "漢か|字"),
    ("👨‍👩‍👧x<Left><BS>", "|x"),
    ("<Paste:one\r\ntwo>", "one\ntwo|"),
    ("<Paste:one\rtwo>", "one\ntwo|"),
  ])
  func edits(_ keys: String, _ draft: String) {
    let driver = ChatDriver()
    driver.type(keys)
    #expect(driver.draft == draft)
  }

  @Test(arguments: [
    ("one two<C-j>three<Up>", "one t|wo\nthree"),
    ("abcdef<C-j>x<C-j>abcdef<Up><Up>", "abcdef|\nx\nabcdef"),
    ("abc<C-j>de<Up><Down>", "abc\nde|"),
    ("漢字<C-j>abc<Up>", "漢|字\nabc"),
  ])
  func movesByRows(_ keys: String, _ draft: String) {
    let driver = ChatDriver()
    driver.type(keys)
    #expect(driver.draft == draft)
  }

  @Test func movesByRowsOfWrappedText() {
    let driver = ChatDriver(rows: 24, columns: 11)
    driver.type("one two three four<Up>")
    #expect(driver.draft == "one two thre|e four")
  }

  @Test func marksJoinTheClusterBefore() {
    let driver = ChatDriver()
    for text in ["e", "\u{301}", "👍", "🏽", "x"] { driver.handle(.input(.text(text))) }
    #expect(driver.state.draft.elements.count == 3)
    driver.type("<BS><BS>")
    #expect(driver.draft == "e\u{301}|")
    driver.handle(.input(.paste("\u{308}")))
    #expect(driver.state.draft.elements.count == 1)
  }

  /// The message is the pasted text; only its drawing is changed.
  @Test func controlCharactersAreKeptAndMadeVisible() {
    let text = "a\u{1B}[31m\u{0}b\u{85}c\u{2067}d\u{2069}\u{202E}e\u{2028}f\u{7}"
    let driver = ChatDriver()
    driver.handle(.input(.paste(text)))
    func rows() -> String { driver.chat.frame().lines.map(\.text).joined(separator: "\n") }
    let drawn = "a␛[31m␀b\u{FFFD}c\u{FFFD}d\u{FFFD}\u{FFFD}e⏎f␇"
    #expect(rows().contains("› " + drawn))
    driver.type("<Enter>")
    let sent = driver.state.conversation.messages.first?.content
    #expect(sent?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    driver.engine(.delta(.answer, "x"), .finished(.stop, TurnStatistics()))
    for scalar in rows().unicodeScalars where scalar != "\n" {
      #expect(scalar.properties.generalCategory != .control && !(0x2028...0x202E).contains(scalar.value))
    }
    // Recalled from the history, and edited.
    driver.type("<Up>")
    #expect(driver.state.draft.text.unicodeScalars.elementsEqual(text.unicodeScalars))
    driver.type("<C-u><C-u>/edit<Enter>")
    #expect(driver.state.draft.text.unicodeScalars.elementsEqual(text.unicodeScalars))
  }

  /// Several lines are a message, whatever the first one is.
  @Test(arguments: ["/new\nand more", "/quit\n\nx", "// a comment\nint x;", "/xyzzy\ny"])
  func aPasteRunsNoCommand(_ text: String) {
    let driver = ChatDriver()
    driver.type("one<Enter>")
    driver.engine(.delta(.answer, "x"), .finished(.stop, TurnStatistics()))
    driver.handle(.input(.paste(text)))
    driver.type("<Enter>")
    #expect(driver.state.conversation.messages.map(\.content) == ["one", "x", text, ""])
  }

  @Test func aPasteNeverSends() {
    let driver = ChatDriver()
    driver.type("<Paste:one\ntwo\n>")
    #expect(driver.takeEffects().isEmpty)
    #expect(driver.state.conversation.isEmpty)
    driver.type("<Enter>")
    #expect(driver.state.conversation.messages.first?.content == "one\ntwo\n")
  }

  @Test func aLargePasteIsOneChip() {
    let driver = ChatDriver()
    let text = (0..<50).map { "row \($0)" }.joined(separator: "\n")
    driver.type("see ")
    driver.handle(.input(.paste(text)))
    #expect(driver.state.draft.elements.count == 5)
    #expect(driver.chat.frame().lines.contains { $0.text.contains("[pasted 50 lines]") })
    driver.type("<BS>")
    #expect(driver.draft == "see |")
    driver.handle(.input(.paste(text)))
    driver.type("!<Enter>")
    #expect(driver.state.conversation.messages.first?.content == "see \(text)!")
  }

  @Test func historyKeepsTheDraft() {
    let driver = ChatDriver(history: ["first", "second"])
    driver.type("draft<Up>")
    #expect(driver.draft == "second|")
    driver.type("<Up><Up>")
    #expect(driver.draft == "first|" || driver.draft == "|first")
    driver.type("<C-e><Down><Down>")
    #expect(driver.draft == "draft|")
  }

  @Test func searchFindsBackwardsAndRestoresTheDraft() {
    let driver = ChatDriver(history: ["list the files", "hello", "List models"])
    driver.type("draft<C-r>list")
    #expect(driver.state.search?.found(in: driver.state.history.entries) == "List models")
    driver.type("<C-r>")
    #expect(driver.state.search?.found(in: driver.state.history.entries) == "list the files")
    driver.type("<Esc>")
    #expect(driver.draft == "draft|")
    driver.type("<C-r>hel<Enter>")
    #expect(driver.draft == "hello|")
    #expect(driver.state.conversation.isEmpty)
    driver.type("<C-u><C-r>nothing like it<BS>")
    #expect(driver.state.search?.match == nil)
  }
}
