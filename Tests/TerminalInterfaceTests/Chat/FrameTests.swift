import Basics
import Conversation
import TerminalInterface
import Testing

/// A frame depends on the state and the size alone: after any events, the frame that reuses laid out rows equals one that
/// is laid out from nothing.
@Suite struct FrameTests {
  private static let texts = [
    "word ", "two words ", "\n", "\n\n", "# Title\n", "- item\n", "  - nested\n", "```swift\n", "let x = 1\n",
    "```\n",
    "| a | b |\n|---|---|\n", "| 1 | 2 |\n", "**bold", "** ", "`code` ", "$x^2$ ", "$$\n", "\\[ a \\]\n",
    "漢字", "مرحبا ",
    "👨‍👩‍👧", "👨\u{200D}", "👩 ", "e\u{301}", "🇩🇪", "\u{1B}[31m", "\r\n", "\r", "\t", "> quote\n",
    "[a](https://b.c) ",
    "<sub>2</sub>", "~~gone~~ ", "---\n", "&amp; ",
    "a-very-long-word-that-does-not-fit-into-narrow-screens-at-all ",
  ]

  private static let keys = [
    "<Enter>", "<PgUp>", "<PgDn>", "<Home>", "<End>", "<Up>", "<Down>", "<Left>", "<Right>", "<BS>", "<Esc>",
    "<Tab>",
    "<C-c>", "<C-u>", "<C-y>", "<C-r>", "<C-t>", "<C-j>", "<F1>", "/search word<Enter>", "/regen<Enter>",
    "/branch previous<Enter>", "/undo<Enter>", "/edit<Enter>", "/continue<Enter>", "/stats<Enter>", "/theme ",
    "/sessions wo", "/new<Enter>", "/compact<Enter>", "/think show<Enter>", "/system Be brief.<Enter>",
    "text",
    "<Paste:several\nlines\nof 漢字>", "word<Enter>", "another message<Enter>",
  ]

  private static func step(_ driver: ChatDriver, _ random: inout SplitMix64) {
    switch random.next() % 10 {
    case 0..<4: driver.type(keys[Int(random.next() % UInt64(keys.count))])
    case 4..<8:
      let text = texts[Int(random.next() % UInt64(texts.count))]
      let channel: Channel = random.next() % 6 == 0 ? .reasoning : .answer
      driver.engine(.delta(channel, text))
    case 8:
      let sizes = [(24, 80), (12, 40), (60, 200), (5, 20), (1, 1), (8, 33), (30, 100)]
      let (rows, columns) = sizes[Int(random.next() % UInt64(sizes.count))]
      driver.chat.resize(ScreenSize(rows: rows, columns: columns))
    default:
      switch random.next() % 5 {
      case 0: driver.engine(.finished(.stop, TurnStatistics(generatedTokens: 3)))
      case 1: driver.engine(.finished(.cancelled, TurnStatistics()))
      case 2: driver.engine(.failed("it failed"))
      case 3: driver.handle(.input(.wheel(random.next() % 2 == 0 ? -3 : 3)))
      default: driver.wait(Double(random.next() % 50) / 10)
      }
    }
  }

  @Test(arguments: 1...24 as ClosedRange<UInt64>)
  func aFrameEqualsAFreshOne(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let driver = ChatDriver(savesSessions: true)
    driver.chat.options.joinsEmoji = seed % 2 == 0
    driver.chat.options.hasLinks = seed % 3 == 0
    for number in 1...250 {
      Self.step(driver, &random)
      let frame = driver.chat.frame()
      let size = driver.chat.size
      let fresh = Chat(state: driver.state, size: size)
      fresh.options = driver.chat.options
      let expected = fresh.frame()
      guard frame == expected else {
        let row = frame.lines.indices.first { frame.lines[$0] != expected.lines[$0] } ?? -1
        Issue.record("seed \(seed), event \(number), row \(row): \(frame.lines[max(0, row)].text)")
        return
      }
      #expect(frame.lines.count == size.rows)
      #expect(frame.lines.allSatisfy { $0.columns <= max(size.columns, 2) })
    }
  }
}
