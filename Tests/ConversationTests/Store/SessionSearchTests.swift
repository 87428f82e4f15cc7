import Conversation
import Testing

@Suite struct SessionSearchTests {
  @Test(arguments: [
    ("salt", ["a:0", "b:1"]), ("SALT sea", ["a:0"]), ("sea salt", ["a:0"]), ("100%", ["b:0"]), ("1_0", []),
    ("é", ["b:1"]), ("nothing", []), (" ", []),
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
}
