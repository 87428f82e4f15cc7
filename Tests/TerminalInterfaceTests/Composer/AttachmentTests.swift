import Basics
import Conversation
import Foundation
import TerminalInterface
import Testing

@Suite struct AttachmentTests {
  @Test(arguments: [
    ("*.swift", "a.swift", true), ("*.swift", "a.swifty", false), ("a?c", "abc", true), ("a?c", "ac", false),
    ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("*", "", true), ("", "a", false),
    ("**x", "x", true),
  ])
  func patterns(_ pattern: String, _ name: String, _ matches: Bool) {
    #expect(FilePattern(pattern).matches(name) == matches)
  }

  private func withFiles<Result>(_ body: (String, UserFolders) throws -> Result) throws -> Result {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let inner = folder.appendingPathComponent("src")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    func write(_ name: String, _ bytes: Data) throws {
      try bytes.write(to: folder.appendingPathComponent(name))
    }
    try write("src/one.swift", Data("let one = 1\n".utf8))
    try write("src/two.swift", Data("let two = ```2```\n````\n".utf8))
    try write("src/notes.md", Data("# Notes".utf8))
    try write("src/picture.png", Data([0x89, 0x50, 0, 0xFF, 0xFE, 0, 1]))
    try write("large.txt", Data(String(repeating: "0123456789\n", count: 40_000).utf8))
    return try body(folder.path, UserFolders(environment: ["HOME": folder.path]))
  }

  @Test func aFileIsACodeBlockWithItsName() throws {
    try withFiles { folder, folders in
      let one = try FileAttachment.read("\(folder)/src/one.swift", folders)
      #expect(one.text == "\n\(folder)/src/one.swift:\n```swift\nlet one = 1\n```\n")
      #expect(one.label == "\(folder)/src/one.swift · 1 line" && one.leftOut == nil)
      // The fence is longer than all in the file.
      let two = try FileAttachment.read("~/src/two.swift", folders)
      #expect(two.text.contains("\n`````swift\n") && two.text.hasSuffix("\n`````\n"))
    }
  }

  @Test func aFolderAndAPatternNameWhatIsLeftOut() throws {
    try withFiles { folder, folders in
      let all = try FileAttachment.read("~/src", folders)
      #expect(all.label.hasPrefix("~/src · 3 files"))
      #expect(all.leftOut?.contains("~/src/picture.png (not text)") == true)
      #expect(all.text.contains("~/src/notes.md:\n```md\n# Notes\n```"))
      let some = try FileAttachment.read("\(folder)/src/*.swift", folders)
      #expect(some.label.contains("2 files") && some.leftOut == nil)
      let large = try FileAttachment.read("~/large.txt", folders)
      #expect(large.leftOut?.contains("440 kB left out") == true)
      #expect(large.text.utf8.count < FileAttachment.limit + 200)
      #expect(large.text.contains("0123456789\n\n["))
    }
  }

  @Test func hiddenFilesAreOfferedWhereTheyAreAskedFor() throws {
    try withFiles { folder, folders in
      try Data("*.o\n".utf8).write(to: URL(fileURLWithPath: folder + "/.gitignore"))
      try FileManager.default.createDirectory(atPath: folder + "/.config", withIntermediateDirectories: true)
      func names(_ typed: String) -> [String] { FileListing.of(typed, folders).items.map(\.path) }
      #expect(names("~/") == ["~/large.txt", "~/src/"])
      #expect(names("~/.") == ["~/.config/", "~/.gitignore"])
      #expect(names("~/.g") == ["~/.gitignore"] && names("~/.g*") == ["~/.gitignore"])
      #expect(try FileAttachment.read("~/.gitignore", folders).text.contains("*.o"))
    }
  }

  /// `/save` completes folders and files, but Enter writes the file that was named.
  @Test func savingCompletesPaths() {
    let driver = ChatDriver()
    driver.type("Why?<Enter>")
    driver.engine(.delta(.answer, "Because."), .finished(.stop, TurnStatistics()))
    for name in ["/save", "/export"] {
      func offer(_ typed: String) {
        driver.type("<C-u>\(name) \(typed)")
        #expect(driver.takeEffects().contains(.listFiles(typed)))
        var listing = FileListing(typed: typed, items: [.init(path: "notes/", isFolder: true, bytes: 0)])
        listing.items.append(.init(path: "notes.md", isFolder: false, bytes: 7))
        driver.handle(.files(listing))
      }
      offer("no")
      #expect(driver.state.menu?.items.map(\.title) == ["notes/", "notes.md"])
      driver.type("<Tab>")
      #expect(driver.draft == "\(name) notes/|")
      offer("no")
      driver.type("<Down><Tab>")
      #expect(driver.draft == "\(name) notes.md|" && driver.state.menu == nil)
      offer("no")
      driver.type("<Enter>")
      let paths = driver.takeEffects().compactMap { if case .save(let path, _) = $0 { path } else { nil } }
      #expect(paths == ["no"])
      offer("")
      #expect(driver.state.menu?.items.count == 2, "one file is written, not a folder")
    }
  }

  /// A pattern with two stars goes below the folder; what exceeds the limits is named.
  @Test func foldersBelow() throws {
    try withFiles { folder, folders in
      let deep = folder + "/src/a/b/c/d/e/f/g/h/i"
      try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
      try Data("let deep = 1\n".utf8).write(to: URL(fileURLWithPath: deep + "/deep.swift"))
      try Data("let three = 3\n".utf8).write(to: URL(fileURLWithPath: folder + "/src/a/three.swift"))
      let swift = FileListing.of("~/**/*.swift", folders)
      #expect(swift.items.map(\.path) == ["~/src/a/three.swift", "~/src/one.swift", "~/src/two.swift"])
      let all = try FileAttachment.read("~/**/*.swift", folders)
      #expect(all.label.contains("3 files") && all.text.contains("\n~/src/a/three.swift:\n"))
      #expect(all.leftOut?.contains("~/src/a/b/c/d/e/f/g/ (too deep)") == true)
      #expect(FileListing.of("~/**/three.swift", folders).items.map(\.path) == ["~/src/a/three.swift"])
      #expect(FileListing.of("~/**/", folders).items.isEmpty)
      for number in 0..<250 {
        try Data("\(number)\n".utf8).write(to: URL(fileURLWithPath: folder + "/many-\(number).txt"))
      }
      #expect(FileListing.of("~/many", folders).isCut && FileListing.of("~/many", folders).items.count == 200)
      let many = try FileAttachment.read("~/many*.txt", folders)
      #expect(many.label.contains("200 files") && many.leftOut?.hasPrefix("Left out: 50 more files") == true)
    }
  }

  @Test func problems() throws {
    try withFiles { folder, folders in
      for path in ["~/nowhere", "~/src/picture.png", "~/src/*.c", "/dev/null"] {
        #expect(throws: FileAttachment.Problem.self) { try FileAttachment.read(path, folders) }
      }
      let listing = FileListing.of("~/src/", folders)
      #expect(
        listing.items.map(\.path)
          == ["notes.md", "one.swift", "picture.png", "two.swift"].map { "~/src/" + $0 })
      #expect(FileListing.of("~/s", folders).items == [.init(path: "~/src/", isFolder: true, bytes: 0)])
      #expect(FileListing.of("~/SRC", folders).items.isEmpty)
    }
  }

  private func listing(_ typed: String) -> FileListing {
    FileListing(
      typed: typed,
      items: [
        .init(path: "src/", isFolder: true, bytes: 0), .init(path: "story.txt", isFolder: false, bytes: 12),
      ])
  }

  /// The file that was attached last ends a word.
  @Test func anAtSignMayFollowAFile() {
    let driver = ChatDriver()
    driver.type("/attach x<Esc><Enter>")
    driver.handle(.attached(.success(FileAttachment(label: "x · 1 line", text: "\nx:\n```\n1\n```\n"))))
    _ = driver.takeEffects()
    driver.type("@s")
    #expect(driver.takeEffects() == [.listFiles("s")])
    #expect(driver.state.draft.fileWord?.range == 1..<3)
  }

  @Test func anAtSignCompletesAndAttaches() {
    let driver = ChatDriver()
    driver.type("see @s")
    #expect(driver.takeEffects() == [.listFiles("s")])
    driver.handle(.files(listing("s")))
    #expect(driver.state.menu?.items.map(\.title) == ["src/", "story.txt"])
    driver.type("<Tab>")
    #expect(driver.draft == "see @src/|")
    #expect(driver.takeEffects() == [.listFiles("src/")])
    driver.handle(
      .files(FileListing(typed: "src/", items: [.init(path: "src/a.c", isFolder: false, bytes: 1)])))
    // The first file is preferred to the whole folder.
    driver.type("<Enter>")
    #expect(driver.takeEffects() == [.attach("src/a.c")])
    driver.handle(
      .attached(.success(FileAttachment(label: "src/a.c · 1 line", text: "\nsrc/a.c:\n```c\nx\n```\n"))))
    #expect(driver.state.draft.elements.count == 5)
    #expect(driver.chat.frame().lines.contains { $0.text.contains("› see [src/a.c · 1 line]") })
    driver.type(" Why?<Enter>")
    #expect(driver.state.conversation.messages.first?.content == "see \nsrc/a.c:\n```c\nx\n```\n Why?")
  }

  @Test func attachAddsToTheMessage() {
    let driver = ChatDriver()
    driver.type("/attach no<Esc><Enter>")
    #expect(driver.takeEffects().contains(.attach("no")))
    driver.handle(.attached(.failure(FileAttachment.reading("/nowhere/x", UserFolders()).problem)))
    #expect(driver.state.flash?.text == "There is no file /nowhere/x" && driver.state.draft.isEmpty)
    // An at sign inside a word, and one without files, are text.
    driver.type("me@example.org @nobody<Enter>")
    #expect(driver.state.conversation.messages.first?.content == "me@example.org @nobody")
  }
}

extension Result where Failure == FileAttachment.Problem {
  fileprivate var problem: FileAttachment.Problem {
    switch self {
    case .success: FileAttachment.reading("", UserFolders()).problem
    case .failure(let problem): problem
    }
  }
}
