import Basics
import Conversation
import Foundation
import GRDB
import Testing

/// Files that are no session databases, or damaged: an error message, no crash, and no data is destroyed.
@Suite struct HostileStoreTests {
  /// Files that must be renamed unchanged and replaced by a new file.
  static let unusable: [(name: String, make: @Sendable (StoreFolder) throws -> Void)] = [
    ("text", { try $0.put(Data("Dear diary".utf8)) }),
    ("random bytes", { try $0.put(noise(20_000, seed: 1)) }),
    ("a header and noise", { try $0.put(Data("SQLite format 3\0".utf8) + noise(8192, seed: 2)) }),
    (
      "another program's database",
      { folder in
        try folder.put(Data())
        try folder.execute("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')")
      }
    ),
    (
      "another program's identifier",
      { folder in
        try folder.put(Data())
        try folder.execute("PRAGMA application_id = 7; CREATE TABLE session (id TEXT)")
      }
    ),
    (
      "our identifier and other columns",
      { folder in
        try folder.put(Data())
        try folder.execute(
          """
          PRAGMA application_id = \(0x536F_7474); PRAGMA user_version = 1;
          CREATE TABLE session (id TEXT); CREATE TABLE message (session TEXT)
          """)
      }
    ),
  ]

  @Test(arguments: unusable.indices)
  func isRenamed(_ index: Int) async throws {
    let folder = StoreFolder()
    try Self.unusable[index].make(folder)
    let before = try folder.contents()
    let store = folder.store()
    #expect(try await store.list().isEmpty)
    #expect(await store.saved(session("abc")) == .saved)
    #expect(try await store.list().count == 1)
    let notes = StoreFolder.notes(of: store)
    #expect(notes.count == 1)
    #expect(notes.first?.contains("sessions.sqlite.damaged") == true)
    let aside = folder.url.appendingPathComponent("data/sotto/sessions.sqlite.damaged")
    #expect(try Data(contentsOf: aside) == before)
    // A second one gets another name.
    await store.close()
    try folder.put(Data("again".utf8))
    #expect(try await folder.store().list().isEmpty)
    #expect(folder.files.contains("sessions.sqlite.damaged-2"))
  }

  /// Errors of operations that say nothing about the file: it is not renamed, and other sessions are still saved.
  @Test(arguments: [
    "CREATE TRIGGER t BEFORE INSERT ON message BEGIN SELECT no_such_function(); END",
    "CREATE TRIGGER t BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER t BEFORE INSERT ON message BEGIN INSERT INTO missing VALUES (1); END",
  ])
  func anErrorOfAnOperationKeepsTheFile(_ sql: String) async throws {
    let folder = StoreFolder()
    let first = folder.store()
    #expect(await first.saved(session("abc")) == .saved)
    await first.close()
    try folder.execute(sql)
    let store = folder.store()
    guard case .failed = await store.saved(session("def")) else {
      Issue.record("the trigger had no effect")
      return
    }
    #expect(!folder.files.contains { $0.contains("damaged") })
    #expect(StoreFolder.notes(of: store).isEmpty)
    #expect(try await store.load("abc") == session("abc"))
    await store.close()
    try folder.execute("DROP TRIGGER t")
    #expect(await store.saved(session("def")) == .saved)
  }

  /// The log is renamed before the file: if that is impossible, the file keeps its name too.
  @Test func theLogIsRenamedFirst() async throws {
    let folder = StoreFolder()
    // The open connection keeps the log.
    let other = folder.store()
    #expect(await other.saved(session("abc")) == .saved)
    // Closing a handle of the file would release the locks of this process.
    let handle = try #require(FileHandle(forUpdatingAtPath: folder.path))
    defer { try? handle.close() }
    handle.write(Data("Dear diary, this is no database".utf8))
    let blocked = folder.path + ".damaged-wal"
    try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: false)
    let outcome = await folder.store().saved(session("def"))
    guard case .failed(let reason) = outcome else {
      Issue.record("a new file was created beside the old log: \(outcome)")
      return
    }
    #expect(reason.contains("cannot be renamed"))
    #expect(!folder.files.contains("sessions.sqlite.damaged"))
    try FileManager.default.removeItem(atPath: blocked)
    let store = folder.store()
    #expect(await store.saved(session("def")) == .saved)
    // The first session was read from the log.
    #expect(Set(try await store.list().map(\.id)) == ["abc", "def"])
    #expect(folder.files.contains("sessions.sqlite.damaged-wal"))
  }

  /// A process whose file was renamed does not delete the log of the new file.
  @Test func aRenamedFileDoesNotAffectTheNewOne() async throws {
    let folder = StoreFolder()
    let old = folder.store()
    #expect(await old.saved(session("abc")) == .saved)
    for suffix in ["-wal", "-shm", ""] {
      try FileManager.default.moveItem(atPath: folder.path + suffix, toPath: folder.path + ".old" + suffix)
    }
    let new = folder.store()
    #expect(await new.saved(session("def")) == .saved)
    // This closes the connection to the renamed file.
    #expect(try await old.list().map(\.id) == ["def"])
    #expect(try await folder.store().list().map(\.id) == ["def"])
    #expect(folder.files.contains("sessions.sqlite-wal"))
  }

  @Test func aNewerFileIsNotChanged() async throws {
    let folder = StoreFolder()
    let first = folder.store()
    #expect(await first.saved(session("abc")) == .saved)
    await first.close()
    try folder.execute("PRAGMA user_version = 99")
    let store = folder.store()
    let outcome = await store.saved(session("def"))
    guard case .failed(let reason) = outcome else {
      Issue.record("a file of a newer version was changed")
      return
    }
    #expect(reason.contains("newer version"))
    #expect(!folder.files.contains { $0.contains("damaged") })
  }

  @Test func aFolderInItsPlaceIsReported() async throws {
    let folder = StoreFolder()
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: folder.path), withIntermediateDirectories: true)
    await #expect(throws: SessionStore.Failure.self) { try await folder.store().list() }
    let nowhere = SessionStore(path: "/dev/null/sotto/sessions.sqlite")
    guard case .failed = await nowhere.saved(session("abc")) else {
      Issue.record("a save without a folder succeeded")
      return
    }
  }

  /// The message contains the problem, the path and the fix.
  @Test func theReasonIsReported() async throws {
    let folder = StoreFolder()
    try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
    func reason(_ place: String) async -> String? {
      let outcome = await SessionStore(path: folder.url.path + place + "/sotto/sessions.sqlite").saved(
        session("abc"))
      guard case .failed(let reason) = outcome else { return nil }
      return reason
    }
    try Data().write(to: folder.url.appendingPathComponent("file"))
    #expect(await reason("/file") == "\(folder.url.path)/file: not a folder; move it away")
    try FileManager.default.createSymbolicLink(
      atPath: folder.url.path + "/link", withDestinationPath: "/nonexistent/place")
    #expect(
      await reason("/link")
        == "\(folder.url.path)/link: the link points to a folder that does not exist; create that folder, or remove the link"
    )
    // The file itself is a dangling link.
    try FileManager.default.createDirectory(
      at: folder.url.appendingPathComponent("good/sotto"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.url.path + "/good/sotto/sessions.sqlite", withDestinationPath: "/nonexistent/place")
    let found = await reason("/good")
    #expect(found?.hasPrefix("\(folder.url.path)/good/sotto/sessions.sqlite is not a regular file") == true)
  }

  /// Random damage of a valid file: readable sessions are read, others are refused, and new sessions are saved.
  @Test(arguments: 0..<60)
  func randomDamageIsSurvived(_ seed: Int) async throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let folder = StoreFolder()
    let good = folder.store()
    for number in 0..<6 {
      #expect(
        await good.saved(session("s\(number)", String(repeating: "words ", count: 400 * number))) == .saved)
    }
    await good.close()
    var data = try folder.contents()
    if seed % 3 == 0 {
      data = data.prefix(Int.random(in: 0..<data.count, using: &generator))
    } else {
      for _ in 0..<(seed % 3 == 1 ? 3 : 200) {
        // Half of it in the pages of the schema.
        let end = Bool.random(using: &generator) ? 8192 : data.count
        data[Int.random(in: 0..<min(end, data.count), using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
    }
    try folder.put(data)
    let store = folder.store()
    let list = (try? await store.list()) ?? []
    for summary in list { _ = try? await store.load(summary.id) }
    for number in 0..<6 { _ = try? await store.load("s\(number)") }
    // The first save may detect damage that was not read before; then the file is replaced.
    var outcome = await store.saved(session("new"))
    if case .failed = outcome { outcome = await store.saved(session("new2")) }
    if case .failed(let reason) = outcome, !reason.contains("newer version") { Issue.record("\(reason)") }
  }

  /// Rows that Sotto never writes.
  static let malformed = [
    "UPDATE message SET parent = 7 WHERE place = 1", "UPDATE message SET parent = 1 WHERE place = 1",
    "UPDATE message SET parent = -1 WHERE place = 1", "UPDATE message SET chosen = 0 WHERE place = 0",
    "UPDATE message SET chosen = 9 WHERE place = 0", "UPDATE session SET head = 2",
    "UPDATE session SET head = -1", "DELETE FROM message WHERE place = 0",
    "UPDATE message SET role = 'boss'", "UPDATE message SET place = 5 WHERE place = 1",
    "UPDATE message SET content = zeroblob(300000000) WHERE place = 0",
    "UPDATE message SET role = x'ff'",
  ]

  @Test(arguments: malformed)
  func malformedRowsAreRefused(_ sql: String) async throws {
    let folder = StoreFolder()
    let good = folder.store()
    #expect(await good.saved(session("abc")) == .saved)
    await good.close()
    try folder.execute(sql)
    let store = folder.store()
    await #expect(throws: SessionStore.Failure.self) { try await store.load("abc") }
    // The other sessions are not affected.
    #expect(await store.saved(session("def")) == .saved)
    #expect(try await store.load("def") == session("def"))
    #expect(try await store.list().count == 2)
    #expect(StoreFolder.notes(of: store).isEmpty)
  }

  /// Values of unexpected types that are tolerated.
  @Test(arguments: [
    "UPDATE message SET statistics = '{\"promptTokens\": \"many\"}'", "UPDATE message SET finish = 'never'",
    "UPDATE message SET reasoningTime = 'long'", "UPDATE session SET saved = 'yesterday'",
    "UPDATE session SET title = x'ff00ff'", "UPDATE message SET content = x'fffe'",
    "UPDATE session SET model = 7",
    "UPDATE session SET head = 'x'", "UPDATE message SET model = 1e999",
  ])
  func otherTypesAreTolerated(_ sql: String) async throws {
    let folder = StoreFolder()
    let good = folder.store()
    #expect(await good.saved(session("abc")) == .saved)
    await good.close()
    try folder.execute(sql)
    let store = folder.store()
    #expect(try await store.list().count == 1)
    #expect(try await store.load("abc") != nil)
  }
}

private func noise(_ count: Int, seed: UInt64) -> Data {
  var generator = SplitMix64(seed: seed)
  return Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
}
