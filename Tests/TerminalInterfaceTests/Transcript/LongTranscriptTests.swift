import Conversation
import TerminalInterface
import Testing

/// The work of a frame, and the memory, do not grow with the transcript.
@Suite struct LongTranscriptTests {
  private static let count = 1000

  private static func opened() -> ChatDriver {
    let driver = ChatDriver(rows: 24, columns: 80)
    var tree = MessageTree()
    for index in 0..<count {
      tree.append(
        Message(
          role: index % 2 == 0 ? .user : .assistant,
          content: "Message \(index).\n\n```c\nint x = \(index);\n```\n"))
    }
    driver.chat.mutate(driver.now) { state in
      state.conversation = tree
      state.transcript.showPath(tree.path)
    }
    return driver
  }

  @Test func onlyVisibleEntriesAreLaidOut() {
    let driver = Self.opened()
    #expect(driver.chat.frame().lines.contains { $0.text.contains("x = 999;") })
    #expect(driver.chat.layoutCount <= 24)
    driver.type("more<Enter>")
    driver.engine(.delta(.answer, "words"))
    _ = driver.chat.frame()
    #expect(driver.chat.layoutCount <= 27)
    driver.type("<Home>")
    #expect(driver.chat.frame().lines.contains { $0.text.contains("Message 0.") })
    #expect(driver.chat.layoutCount <= 60)
  }

  @Test func unusedLayoutsAreReleased() {
    let driver = Self.opened()
    for _ in 0..<450 {
      driver.type("<PgUp>")
      _ = driver.chat.frame()
      #expect(driver.chat.layoutCount <= TranscriptRenderer.keptLayouts + 100)
    }
    #expect(driver.chat.frame().lines.contains { $0.text.contains("Message 0.") })
    // As drawn from nothing.
    let fresh = Chat(state: driver.state, size: driver.chat.size)
    #expect(driver.chat.frame() == fresh.frame())
  }

  @Test func theSelectionMovesFromMessageToMessage() {
    let driver = Self.opened()
    driver.type("<A-s>")
    let last = MessageTree.ID(index: Self.count - 1)
    #expect(driver.state.selection == .init(message: last, code: 1))
    driver.type("<Down>")
    #expect(driver.state.selection == .init(message: last, code: 1))
    driver.type("<Up><Up>")
    // The messages of the user have no code blocks to select.
    #expect(driver.state.selection == .init(message: MessageTree.ID(index: Self.count - 2)))
    driver.type("<Up>")
    #expect(driver.state.selection == .init(message: MessageTree.ID(index: Self.count - 3), code: 1))
    driver.type("<Down><Down>")
    #expect(driver.state.selection == .init(message: last))
  }
}
