import Basics
import Foundation
import TestSupport
import Testing

@Suite struct FolderContentsTests {
  @Test func kindsAreThoseThatLinksLeadTo() throws {
    let folder = try TemporaryFolder()
    try folder.write("b.txt", "x")
    try folder.write(".hidden", "x")
    try folder.write("a/file", "x")
    for (link, target) in [("c", "a"), ("d", "b.txt"), ("e", "nowhere")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + link, withDestinationPath: folder.path + "/" + target)
    }
    #expect(mkfifo(folder.path + "/f", 0o600) == 0)
    let contents = try #require(FolderContents(folder.path))
    #expect(contents.entries.map(\.name) == ["a", "b.txt", "c", "d", "e", "f"])
    #expect(contents.entries.map(\.isLink) == [false, false, true, true, true, false])
    #expect(
      contents.entries.map { contents.kind(of: $0) } == [.folder, .file, .folder, .file, .nothing, .other])
  }

  @Test func onlyAFolderHasContents() throws {
    let folder = try TemporaryFolder()
    try folder.write("file", "x")
    #expect(FolderContents(folder.path + "/file") == nil)
    #expect(FolderContents(folder.path + "/nothing") == nil)
  }
}
