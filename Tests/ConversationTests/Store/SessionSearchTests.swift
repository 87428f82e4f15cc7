import Conversation
import Testing

@Suite struct SessionSearchTests {
  @Test(arguments: [
    ("salt", ["a:0", "b:1"]), ("SALT sea", ["a:0"]), ("sea salt", ["a:0"]), ("100%", ["b:0"]), ("1_0", []),
    ("é", ["b:1"]), ("nothing", []), (" ", []), ("CAFÉ", ["b:1"]), ("ivers", ["a:1"]), ("so rivers", []),
    ("so 100", ["b:0"]), ("\"sea", []), ("sea OR x", []), ("NEAR(sea salt)", []),
  ])
  func findsAllWords(_ text: String, _ expected: [String]) async throws {
    let folder = StoreFolder()
    let store = folder.store()
    for (id, first, second) in [
      ("a", "Why is the sea salt?", "Rivers."), ("b", "Is it 100% so?", "Salt, caf\u{E9} and\n100 more."),
    ] {
      var tree = MessageTree()
      tree.append(Message(role: .user, content: first))
      tree.append(Message(role: .assistant, content: second, finish: .stop))
      #expect(await store.saved(Session(id: id, tree: tree)) == .saved)
    }
    let hits = try await store.search(text)
    #expect(Set(hits.map { "\($0.session):\($0.message)" }) == Set(expected))
    if text == "100%" { #expect(hits.first?.excerpt == "Is it 100% so?") }
    #expect(hits.allSatisfy { !$0.excerpt.contains("\n") && !$0.title.isEmpty })
  }

  private func conversation(_ text: String, _ id: String) -> Session {
    var tree = MessageTree()
    tree.append(Message(role: .user, content: text))
    return Session(id: id, tree: tree)
  }

  @Test func theIndexFollowsChanges() async throws {
    let folder = StoreFolder()
    let store = folder.store()
    var session = conversation("a question", "a")
    #expect(await store.saved(session) == .saved)
    let answer = session.tree.append(Message(role: .assistant, content: "the ocean"))
    #expect(await store.saved(session) == .saved)
    session.tree.update(answer) { $0.content = "the mountain" }
    #expect(await store.saved(session) == .saved)
    #expect(try await store.search("ocean").isEmpty)
    #expect(try await store.search("mountain").map(\.message) == [1])
    try await store.delete("a")
    #expect(try await store.search("mountain").isEmpty)
    await store.close()
    // An index that does not match the messages is an error here.
    try folder.execute("INSERT INTO messageText (messageText, rank) VALUES ('integrity-check', 1)")
  }

  /// A file of the first version is migrated when it is opened.
  @Test func anOlderFileIsIndexed() async throws {
    let folder = StoreFolder()
    let store = folder.store()
    #expect(await store.saved(conversation("Why is the sea salt?", "a")) == .saved)
    await store.close()
    try folder.execute(
      """
      DROP TABLE messageText; PRAGMA user_version = 1
      """)
    let later = folder.store()
    #expect(try await later.search("salt").map(\.session) == ["a"])
    #expect(await later.saved(conversation("Salt again", "b")) == .saved)
    #expect(Set(try await later.search("salt").map(\.session)) == ["a", "b"])
  }
}
