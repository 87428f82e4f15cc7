import Basics
import Conversation
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct SessionStoreTests {
  @Test func theFileIsCreatedOnFirstUse() async throws {
    let folder = StoreFolder()
    let store = folder.store()
    #expect(!FileManager.default.fileExists(atPath: folder.url.path))
    #expect(try await store.list().isEmpty)
    #expect(folder.files.contains("sessions.sqlite"))
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path)
    #expect("\(attributes[.posixPermissions] ?? 0)" == "\(0o600)")
  }

  @Test func aSessionComesBackAsItWas() async throws {
    let folder = StoreFolder()
    let kept = session("abc", title: "Salt")
    let first = folder.store()
    let before = Date().timeIntervalSince1970
    #expect(await first.saved(kept) == .saved)
    let after = Date().timeIntervalSince1970
    await first.close()
    let store = folder.store()
    #expect(try await store.load("abc") == kept)
    #expect(try await store.load("abd") == nil)
    let list = try await store.list()
    #expect(list.map(\.id) == ["abc"])
    #expect(list.first?.title == "Salt")
    #expect(list.first?.messages == 2)
    // Times may be stored in whole seconds.
    #expect((before - 1...after + 1).contains(list.first?.saved ?? 0))
  }

  /// Random changes of a tree with random saves: every process that opens the file finds the saved tree.
  @Test(arguments: 0..<12)
  func randomChangesAreSaved(_ seed: Int) async throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let folder = StoreFolder()
    var store = folder.store()
    var current = Session(id: "random", tree: MessageTree())
    var saved: Session?
    var ids: [MessageTree.ID] = []
    for step in 0..<120 {
      let target = ids.randomElement(using: &generator)
      let message = Message(
        role: step % 2 == 0 ? .user : .assistant, content: hostileText(&generator),
        model: step % 3 == 0 ? "m" : nil)
      switch (Int.random(in: 0..<11, using: &generator), target) {
      case (0, let id?): current.tree.select(id)
      case (1, let id?): current.tree.rewind(before: id)
      case (2, let id?): ids += [current.tree.branch(from: id, message)].compactMap { $0 }
      case (3, _): current.tree.undoTurn()
      case (4...6, let id?):
        let more = hostileText(&generator)
        current.tree.update(id) {
          $0.content += more
          $0.reasoning += more
          $0.finish = FinishReason.stop
          $0.statistics = TurnStatistics(
            promptTokens: step, timeToFirstToken: 0.1, missReason: more, reuse: .disk)
        }
      case (7, _): current.title = Bool.random(using: &generator) ? hostileText(&generator) : nil
      case (8, _): current.tree.systemPrompt = Bool.random(using: &generator) ? hostileText(&generator) : nil
      default: ids.append(current.tree.append(message))
      }
      if Int.random(in: 0..<3, using: &generator) == 0 {
        #expect(await store.saved(current) == .saved)
        saved = current
      }
      if Int.random(in: 0..<10, using: &generator) == 0 {
        #expect(try await folder.store().load("random") == saved)
        await store.close()
        store = folder.store()
        let loaded = try await store.load("random")
        #expect(loaded == saved)
        if let loaded { current = loaded }
        ids = ids.filter { current.tree[$0] != nil }
      }
    }
  }

  @Test func onlyTheLatestStateIsWritten() async throws {
    let folder = StoreFolder()
    let store = folder.store()
    var growing = session("abc")
    let answer = try #require(growing.tree.path.last)
    for word in 0..<2000 {
      growing.tree.update(answer) { $0.content += " \(word)" }
      store.save(growing)
    }
    await store.close()
    #expect(try await folder.store().load("abc") == growing)
  }

  @Test func twoProcessesUseOneFile() async throws {
    let folder = StoreFolder()
    let (one, other) = (folder.store(), folder.store())
    for number in 0..<20 {
      #expect(await one.saved(session("one\(number)")) == .saved)
      #expect(await other.saved(session("other\(number)")) == .saved)
    }
    #expect(try await one.list().count == 40)
    #expect(try await other.list().count == 40)
  }

  @Test func conflictingChangesAreBothSaved() async throws {
    let folder = StoreFolder()
    let (one, other) = (folder.store(), folder.store())
    #expect(await one.saved(session("abc")) == .saved)
    var mine = try #require(try await one.load("abc"))
    var theirs = try #require(try await other.load("abc"))
    mine.tree.append(Message(role: .user, content: "mine"))
    theirs.tree.append(Message(role: .user, content: "theirs"))
    #expect(await other.saved(theirs) == .saved)
    guard case .copied(let id) = await one.saved(mine) else {
      Issue.record("the changes of the other process were overwritten")
      return
    }
    mine.title = mine.titleOfCopy
    #expect(mine.title?.hasSuffix(" (2)") == true)
    mine.id = id
    #expect(try await folder.store().load("abc") == theirs)
    #expect(try await folder.store().load(id) == mine)
    // Later saves go to separate sessions.
    mine.tree.append(Message(role: .assistant, content: "more"))
    #expect(await one.saved(mine) == .saved)
    #expect(try await folder.store().load(id) == mine)
  }

  /// A conversation whose only message was withdrawn is not listed.
  @Test func anEmptySessionIsRemoved() async throws {
    let folder = StoreFolder()
    let store = folder.store()
    #expect(await store.saved(session("abc")) == .saved)
    #expect(await store.saved(Session(id: "abc", tree: MessageTree())) == .saved)
    #expect(try await store.list().isEmpty)
    #expect(await store.saved(session("abc")) == .saved)
    #expect(try await folder.store().load("abc") == session("abc"))
  }

  @Test func deletedTextIsInNoFile() async throws {
    let folder = StoreFolder()
    let store = folder.store()
    #expect(
      await store.saved(session("abc", "a-secret-of-mine " + String(repeating: "x", count: 20_000))) == .saved
    )
    #expect(await store.saved(session("def")) == .saved)
    try await store.delete("abc")
    #expect(try await store.list().map(\.id) == ["def"])
    #expect(try await store.load("abc") == nil)
    await store.close()
    for name in folder.files {
      let file = folder.url.appendingPathComponent("data/sotto/\(name)")
      #expect(try Data(contentsOf: file).range(of: Data("a-secret-of-mine".utf8)) == nil, "\(name)")
    }
    // A session that another process deletes while it is open here is saved again.
    #expect(await store.saved(session("def")) == .saved)
    try await folder.store().delete("def")
    guard case .copied = await store.saved(session("def", "changed")) else {
      Issue.record("a session that was deleted by another process was not saved")
      return
    }
  }

  @Test(arguments: [
    ("Why is the sea salt?", "Why is the sea salt?"), ("  two\n\n words\t", "two words"), ("", "(no words)"),
    (String(repeating: "x", count: 100), String(repeating: "x", count: 59) + "…"),
    ("one " + String(repeating: "y", count: 58), "one …"),
    ("\nsrc/a.c:\n```c\nint x;\n```\nIs it right?", "src/a.c: Is it right?"),
    ("\na.md:\n````md\n```\nx\n```\n````\nOne\n```\nTwo", "a.md: One"),
    ("```sh\nls\n```", "```sh ls ```"), ("What does ```x``` do?", "What does ```x``` do?"),
    ("\na.c:\n```c\n" + String(repeating: "x;\n", count: 1000) + "```\nWhy?", "a.c:"),
  ])
  func titles(_ message: String, _ expected: String) { #expect(SessionTitle.of(message) == expected) }

  @Test(arguments: [
    ("k3", "k3aaaaaa"), ("k3aaaaaa", "k3aaaaaa"), ("k", nil), ("the sea", "m2cccccc"), ("The", "m2cccccc"),
    ("Twi", nil), ("", nil), ("x", nil),
    ("K3", "k3aaaaaa"),
  ])
  func finding(_ text: String, _ expected: String?) {
    let list = [("k3aaaaaa", "Twice"), ("k4bbbbbb", "Twice"), ("m2cccccc", "The sea")].map {
      SessionSummary(id: $0.0, title: $0.1, model: nil, messages: 1, saved: 0)
    }
    #expect(SessionSummary.find(text, in: list)?.id == expected)
  }
}

private func hostileText(_ generator: inout SplitMix64) -> String {
  let parts = [
    "a", "word ", "\n", "\u{0}", "漢字", "👨‍👩‍👧", "'", "\"", ";--", "\u{1B}[31m", "\u{FFFD}", "e\u{301}", "?", "",
  ]
  return (0..<Int.random(in: 0..<6, using: &generator)).reduce(into: "") { text, _ in
    text += parts.randomElement(using: &generator) ?? ""
  }
}
