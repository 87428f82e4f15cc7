import TerminalInterface
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct HistoryFileTests {
  @Test func entriesAreReadBack() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = HistoryFile(path: folder.path + "/deep/er/history")
    #expect(file.load() == [])
    let entries = ["plain", "two\nlines", "back\\slash \\n", "", "漢字", "ends with \\"]
    for entry in entries { file.append(entry) }
    // Empty lines are ignored.
    #expect(file.load() == entries.filter { !$0.isEmpty })
    let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func hostileFilesAreRead() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/history"
    try Data([0xFF, 0x0A, 0x5C, 0x0A, 0x00, 0x1B, 0x5B]).write(to: URL(fileURLWithPath: path))
    #expect(HistoryFile(path: path).load().count == 3)
    #expect(HistoryFile(path: folder.path).load() == [])
  }

  /// A file that is too long is reduced to its newest half.
  @Test func aLongFileIsReduced() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/elsewhere"
    let link = folder.path + "/history"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let long = String(repeating: "x", count: HistoryFile.limit / 4)
    let content = (0..<6).map { "\($0) \(long)\n" }.joined()
    try Data(content.utf8).write(to: URL(fileURLWithPath: path))
    #expect(HistoryFile(path: link).load().count == 3)
    #expect(HistoryFile(path: link).load().map { $0.prefix(1) } == ["3", "4", "5"])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.sorted() == ["elsewhere", "history"])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
  }

  /// Of a file of any length the newest entries are read.
  @Test func theNewestEntriesOfAVeryLongFileAreRead() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = HistoryFile(path: folder.path + "/history")
    let long = String(repeating: "x", count: 1 << 20)
    // The first line that is read starts inside of an entry.
    try Data((0..<20).map { "\($0) \(long)\n" }.joined().utf8).write(to: URL(fileURLWithPath: file.path))
    let entries = file.load()
    #expect(entries.last?.hasPrefix("19 ") == true)
    #expect(entries.allSatisfy { $0.utf8.count > 1 << 20 })
    #expect(file.load() == entries)
    file.append("new")
    #expect(file.load().last == "new")
  }

  @Test func entriesAreRemoved() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = HistoryFile(path: folder.path + "/history")
    for entry in ["one", "two\nlines", "three", "one"] { file.append(entry) }
    file.remove(["one", "two\nlines", "other"])
    #expect(file.load() == ["three"])
    #expect(try TestFiles.text(URL(fileURLWithPath: file.path)) == "three\n")
    HistoryFile(path: folder.path + "/none").remove(["one"])
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/none"))
  }

  @Test func aLongHistoryIsTruncated() {
    let history = PromptHistory((0..<5000).map(String.init))
    #expect(history.entries.count == PromptHistory.limit)
    #expect(history.entries.last == "4999")
  }

  @Test(arguments: [
    "plain", "a\nb", "\\", "\\n", "a\r\nb", "\\\\\n\n", "\r", "\u{0}\u{1B}\u{85}\u{2028}\u{2067}",
  ])
  func encodingRoundTrips(_ entry: String) {
    let line = HistoryFile.encoded(entry)
    #expect(!line.contains("\n"))
    #expect(HistoryFile.decoded(line).unicodeScalars.elementsEqual(entry.unicodeScalars))
  }
}
