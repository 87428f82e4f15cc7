import Basics
import Conversation
import Foundation
import TerminalInterface
import Testing

@Suite struct DraftFileTests {
  private func withFolder<Result>(_ body: (DraftFolder) throws -> Result) throws -> Result {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(DraftFolder(UserFolders(environment: ["HOME": folder.path])))
  }

  private var draft: Draft {
    Draft(
      elements: [.character("a"), .chip("1\n2"), .character("漢"), .attachment("x · 1 line", "x\n")], cursor: 2
    )
  }

  @Test func aDraftIsFoundAgain() throws {
    try withFolder { folder in
      #expect(folder.load("one") == nil)
      folder.save(draft, of: "one", isNew: false)
      #expect(folder.load("one")?.elements == draft.elements)
      #expect(folder.load("one")?.cursor == 2)
      folder.save(Draft(), of: "one", isNew: false)
      #expect(folder.load("one") == nil)
      folder.save(draft, of: "../one", isNew: false)
      #expect(folder.load("../one") == nil)
    }
  }

  @Test func onlyTheDraftOfAnEndedChatIsTaken() throws {
    try withFolder { folder in
      // This process runs: its draft is not abandoned.
      folder.save(draft, of: "mine", isNew: true)
      #expect(folder.takeAbandoned() == nil)
      // No process has the largest number.
      for (name, isNew) in [("saved", false), ("new", true)] {
        let text = DraftFolder.json(draft, process: Int(Int32.max), isNew: isNew).text()
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name).json"))
      }
      #expect(folder.takeAbandoned()?.elements == draft.elements)
      #expect(folder.takeAbandoned() == nil)
      #expect(folder.load("saved") != nil && folder.load("mine") != nil)
    }
  }

  @Test(arguments: ["", "{}", "[]", #"{"parts": []}"#, #"{"process": 1, "parts": [{"x": 1}]}"#, "\u{0}"])
  func damagedFilesGiveNoDraft(_ text: String) { #expect(DraftFolder.stored(text) == nil) }

  private func saved(_ driver: ChatDriver) -> [String] {
    driver.takeEffects().compactMap { if case .saveDraft(_, let draft, _) = $0 { draft.text } else { nil } }
  }

  @Test func theDraftIsSavedAfterAPauseAndRemovedWhenSent() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello")
    #expect(saved(driver) == [])
    driver.wait(0.6)
    #expect(saved(driver) == ["hello"])
    driver.wait(5)
    #expect(saved(driver) == [])
    // Without a pause, every two seconds.
    for _ in 0..<9 {
      driver.type("x")
      driver.wait(0.3)
    }
    #expect(saved(driver) == ["helloxxxxxxx"])
    driver.type("<Enter>")
    #expect(saved(driver) == [""])
    // Commands are not kept.
    driver.type("/system secret")
    driver.wait(1)
    #expect(saved(driver) == [])
  }

  @Test func whatIsNotOnDiskIsSavedAtTheEnd() {
    let driver = ChatDriver(savesSessions: true)
    driver.type("hello")
    #expect(
      driver.chat.lastEffects().contains {
        if case .saveDraft("first", let draft, isNew: true) = $0 { draft.text == "hello" } else { false }
      })
  }

  @Test func aFoundDraftReplacesNoOther() {
    let driver = ChatDriver()
    driver.handle(.draftFound(Draft("old"), session: "first"))
    #expect(driver.draft == "old|")
    driver.handle(.draftFound(Draft("other"), session: "first"))
    #expect(driver.draft == "old|")
    driver.type("<C-c>")
    driver.handle(.draftFound(Draft("other"), session: "elsewhere"))
    #expect(driver.draft == "|")
  }

  @Test func theEditorChangesTheDraft() {
    let driver = ChatDriver()
    driver.type("one<C-g>")
    #expect(driver.takeEffects() == [.editDraft("one")])
    driver.handle(.draftEdited("two\nthree", problem: nil))
    #expect(driver.draft == "two\nthree|")
    driver.type("<C-_>")
    #expect(driver.draft == "one|")
    driver.handle(.draftEdited(nil, problem: "vi failed"))
    #expect(driver.draft == "one|" && driver.state.flash?.text == "vi failed")
  }
}
