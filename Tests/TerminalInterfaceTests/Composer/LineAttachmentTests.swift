import Basics
import Foundation
import TerminalInterface
import Testing

/// `@path` in the line mode.
@Suite struct LineAttachmentTests {
  private func withFiles<Result>(_ body: (String, UserFolders) throws -> Result) throws -> Result {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let inner = folder.appendingPathComponent("src")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    try Data("let one = 1\n".utf8).write(to: inner.appendingPathComponent("one.swift"))
    try Data("let two = 2\n".utf8).write(to: inner.appendingPathComponent("two.swift"))
    try Data([0x89, 0x50, 0, 0xFF, 0xFE, 0, 1]).write(to: inner.appendingPathComponent("picture.png"))
    return try body(folder.path, UserFolders(environment: ["HOME": folder.path]))
  }

  private let one = "\n~/src/one.swift:\n```swift\nlet one = 1\n```\n"

  @Test func pathsOfFilesAreReplaced() throws {
    try withFiles { _, folders in
      func text(_ line: String) throws -> String? {
        try LineAttachments.of(line, folders).map { Draft.text(of: $0.parts[...]) }
      }
      #expect(try text("What is @~/src/one.swift?") == "What is \(one)?")
      #expect(try text("@~/src/one.swift @~/src/one.swift") == "\(one) \(one)")
      #expect(try text("(@~/src/one.swift)") == nil)
      let all = try LineAttachments.of("Read @~/src", folders)
      #expect(all?.notices == ["Left out: ~/src/picture.png (not text). The limit is 262 kB and 200 files."])
      let some = try LineAttachments.of("@~/src/*.swift.", folders)
      #expect(some?.notices == ["Attached: ~/src/*.swift · 2 files, 24 B"])
      #expect(some?.parts.last == .character("."))
      // Two slashes are a message that starts with one.
      #expect(try text("//x @~/src/one.swift") == "/x \(one)")
    }
  }

  @Test(arguments: [
    "me@example.org", "@nobody", "@", "@~/src/nothing.swift", "/attach @~/src/one.swift", "@~/src/*.c",
    "no at sign",
  ])
  func otherWordsAreText(_ line: String) throws {
    try withFiles { _, folders in
      let found = try LineAttachments.of(line, folders)
      #expect(found == nil)
    }
  }

  @Test func aFileThatIsNoTextIsAProblem() throws {
    try withFiles { (_, folders) -> Void in
      #expect(throws: FileAttachment.Problem.self) {
        _ = try LineAttachments.of("@~/src/picture.png", folders)
      }
    }
  }

  /// The message that is sent has the files, and those of `/attach` before.
  @Test func theMessageHasTheFiles() throws {
    try withFiles { _, folders in
      let driver = ChatDriver()
      driver.chat.mutate(driver.now) { $0.hasComposer = false }
      let line = "What is @~/src/one.swift?"
      let parts = try LineAttachments.of(line, folders)?.parts
      _ = driver.chat.submit(line, parts, now: driver.now)
      #expect(driver.state.conversation.messages.map(\.content) == ["What is \(one)?", ""])
    }
  }
}
