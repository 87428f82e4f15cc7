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

  @Test func aLongHistoryIsTruncated() {
    let history = PromptHistory((0..<5000).map(String.init))
    #expect(history.entries.count == PromptHistory.limit)
    #expect(history.entries.last == "4999")
  }

  @Test(arguments: ["plain", "a\nb", "\\", "\\n", "a\r\nb", "\\\\n\n"])
  func encodingRoundTrips(_ entry: String) {
    let line = HistoryFile.encoded(entry)
    #expect(!line.contains("\n"))
    #expect(HistoryFile.decoded(line) == entry.replacing("\r\n", with: "\n"))
  }
}
