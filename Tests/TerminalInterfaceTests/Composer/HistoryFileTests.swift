import TerminalInterface
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct HistoryFileTests {
  @Test func entriesSurviveAFile() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = HistoryFile(path: folder.path + "/deep/er/history")
    #expect(file.load() == [])
    let entries = ["plain", "two\nlines", "back\\slash \\n", "", "漢字", "ends with \\"]
    for entry in entries { file.append(entry) }
    // Empty lines are no entries.
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

  @Test func aLongHistoryIsCut() {
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
