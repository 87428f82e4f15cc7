import Basics
import Conversation
import Foundation
import Testing

/// What can be read of a damaged file is saved in a new one.
@Suite struct SalvageTests {
  private static let pageSize = 4096

  /// A conversation of several turns, with a branch. The messages differ in length, and some are longer than a page.
  private static func conversation(_ number: Int, turns: Int, longest: Int = 1500) -> Session {
    var tree = MessageTree(systemPrompt: "Be brief, \(number).")
    for turn in 0..<turns {
      tree.append(Message(role: .user, content: "Question \(number).\(turn) with a ünïcode 漢字 and \0 a NUL"))
      let length = (turn * 7919 + number * 104_729) % longest
      let words = String(repeating: "answer \(number).\(turn) ", count: length / 12)
      tree.append(
        Message(
          role: .assistant, content: "Ja. " + words, reasoning: "hm", reasoningTime: 1, model: "small",
          finish: .stop, statistics: TurnStatistics(promptTokens: turn)))
    }
    if let last = tree.path.last {
      tree.branch(from: last, Message(role: .assistant, content: "Another \(number)", finish: .stop))
    }
    let title = number % 2 == 0 ? "Title \(number)" : nil
    return Session(id: "session\(number)", title: title, model: "small", tree: tree)
  }

  private static func saved(_ folder: StoreFolder, longest: Int = 1500) async -> [String: Session] {
    let store = folder.store()
    var all: [String: Session] = [:]
    for number in 0..<6 {
      let session = conversation(number, turns: 4 + number, longest: longest)
      all[session.id] = session
      #expect(await store.saved(session) == .saved)
    }
    await store.close()
    return all
  }

  /// The messages by place: those that were read must be what was saved.
  private static func check(_ found: SalvagedSessions, _ all: [String: Session]) {
    for entry in found.entries {
      guard let original = all[entry.session.id]?.tree else {
        Issue.record("a session that was never saved: \(entry.session.id)")
        continue
      }
      let saved = Self.texts(original)
      for (place, text) in Self.texts(entry.session.tree).enumerated() {
        #expect(text == SalvagedSessions.note || saved.indices.contains(place) && text == saved[place])
      }
    }
  }

  /// The contents in the order of creation.
  private static func texts(_ tree: MessageTree) -> [String] {
    (0..<tree.messageCount).map { tree[MessageTree.ID(index: $0)]?.content ?? "" }
  }

  @Test func aWholeFileIsReadAsItIs() async throws {
    let folder = StoreFolder()
    let all = await Self.saved(folder, longest: 30_000)
    let found = SalvagedSessions.read(folder.path)
    #expect(found.missing == 0)
    #expect(found.messages == all.values.reduce(0) { $0 + $1.tree.messageCount })
    #expect(Dictionary(uniqueKeysWithValues: found.entries.map { ($0.session.id, $0.session) }) == all)
    #expect(found.entries.allSatisfy { ($0.saved ?? 0) > 1e9 })
  }

  /// Every page is destroyed in turn. Each message is in one page, so all together lose each message once.
  @Test func aDestroyedPageCostsOnlyItsOwnRows() async throws {
    let folder = StoreFolder()
    let all = await Self.saved(folder, longest: 900)
    let total = all.values.reduce(0) { $0 + $1.tree.messageCount }
    let data = try folder.contents()
    var generator = SplitMix64(seed: 7)
    let damaged = folder.url.appendingPathComponent("damaged.sqlite")
    var lost = 0
    for page in 0..<data.count / Self.pageSize {
      var copy = data
      for offset in 0..<Self.pageSize {
        copy[page * Self.pageSize + offset] = UInt8.random(in: 0...255, using: &generator)
      }
      try copy.write(to: damaged)
      let found = SalvagedSessions.read(damaged.path)
      Self.check(found, all)
      lost += total - found.messages
    }
    #expect(lost == total)
  }

  /// Random bytes anywhere, the header and the sizes of pages included, never give a wrong conversation, and no crash.
  @Test(arguments: 0..<40)
  func randomBytes(_ seed: Int) async throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let folder = StoreFolder()
    let all = await Self.saved(folder, longest: 20_000)
    var data = try folder.contents()
    switch seed % 4 {
    case 0: data = data.prefix(Int.random(in: 1..<data.count, using: &generator))
    case 1: for offset in 0..<100 { data[offset] = UInt8.random(in: 0...255, using: &generator) }
    case 2: for offset in 0..<2 * Self.pageSize { data[offset] = 0 }
    default:
      // In the heads of pages, where the numbers are that everything depends on.
      for _ in 0..<100 {
        let page = Int.random(in: 0..<data.count / Self.pageSize, using: &generator)
        data[page * Self.pageSize + Int.random(in: 0..<64, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
    }
    try folder.put(data)
    let found = SalvagedSessions.read(folder.path)
    for entry in found.entries where seed % 4 != 3 {
      #expect(all[entry.session.id] != nil)
    }
    if seed % 4 != 3 { Self.check(found, all) }
    if seed % 4 == 1 || seed % 4 == 2 { #expect(found.messages > 0) }
  }

  @Test func theStoreReplacesADamagedFile() async throws {
    let folder = StoreFolder()
    let all = await Self.saved(folder)
    var data = try folder.contents()
    for offset in 0..<Self.pageSize { data[offset] = 0x55 }
    try folder.put(data)
    let store = folder.store()
    #expect(Set(try await store.list().map(\.id)) == Set(all.keys))
    for (id, session) in all { #expect(try await store.load(id) == session) }
    let messages = all.values.reduce(0) { $0 + $1.tree.messageCount }
    let notes = StoreFolder.notes(of: store)
    #expect(notes.count == 1)
    #expect(
      notes.first?.contains(
        "sessions.sqlite.damaged; 6 conversations with \(messages) messages in it were saved")
        == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + ".damaged")) == data)
    #expect(try await store.search("Question 4.2").map(\.session) == ["session4"])
  }

  /// The process that finds the damage has a session open: it goes on under its name.
  @Test func theOpenSessionKeepsItsName() async throws {
    let folder = StoreFolder()
    let all = await Self.saved(folder)
    let store = folder.store()
    var shown = try #require(try await store.load("session3"))
    await store.close()
    var data = try folder.contents()
    for offset in 0..<Self.pageSize { data[offset] = 0x55 }
    // The same file, as damage on the disk would be.
    let handle = try #require(FileHandle(forUpdatingAtPath: folder.path))
    handle.write(data)
    try handle.close()
    shown.tree.append(Message(role: .user, content: "Still there?"))
    #expect(await store.saved(shown) == .saved)
    #expect(try await store.list().count == all.count)
    #expect(try await folder.store().load("session3") == shown)
  }

  /// A process that was killed leaves its last messages in the log.
  @Test func theLogIsRead() async throws {
    let folder = StoreFolder()
    let store = folder.store()
    let kept = Self.conversation(1, turns: 5)
    #expect(await store.saved(kept) == .saved)
    // Copies of the open file and its log.
    let copy = folder.url.appendingPathComponent("copy.sqlite").path
    for ending in ["", "-wal"] {
      try Data(contentsOf: URL(fileURLWithPath: folder.path + ending)).write(
        to: URL(fileURLWithPath: copy + ending))
    }
    #expect(SalvagedSessions.read(copy).entries.map(\.session) == [kept])
    // Without its log the file has only what was moved there before.
    try FileManager.default.removeItem(atPath: copy + "-wal")
    #expect(SalvagedSessions.read(copy).entries.isEmpty)
  }

  @Test func otherFilesHoldNothing() throws {
    let folder = StoreFolder()
    #expect(SalvagedSessions.read(folder.path).entries.isEmpty)
    for data in [Data(), Data("SQLite format 3\0".utf8), Data(repeating: 0x0D, count: 20_000)] {
      try folder.put(data)
      #expect(SalvagedSessions.read(folder.path).entries.isEmpty)
    }
  }
}
