import Basics
import Foundation
import TestSupport
import Testing

@Suite struct FileReaderTests {
  @Test func readsFromFrontToBack() throws {
    let folder = try TemporaryFolder()
    let content = (0..<100_000).map { UInt8($0 % 251) }
    let path = try folder.write("x", content)
    let file = try FileReader(path)
    #expect(file.count == content.count)
    #expect(try file.read(0).count == 0)
    #expect(try file.read(7).array == Array(content[..<7]))
    #expect(try file.read(content.count - 7).array == Array(content[7...]))
    #expect(throws: FileError.self) { try file.read(1) }
  }

  /// What was read stays; what was not is an error and no end of the program.
  @Test func theFileMayBeShortenedMeanwhile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x", [UInt8](repeating: 7, count: 1 << 20))
    let file = try FileReader(path)
    let start = try file.read(1 << 19)
    #expect(truncate(path, 16) == 0)
    let error = #expect(throws: FileError.self) { try file.read(1 << 19) }
    #expect(error?.kind == .truncated)
    #expect(start.array == [UInt8](repeating: 7, count: 1 << 19))
  }

  @Test func aNumberBeyondTheFileTakesNoMemory() throws {
    let folder = try TemporaryFolder()
    let file = try FileReader(try folder.write("x", [1, 2, 3]))
    let error = #expect(throws: FileError.self) { try file.read(.max) }
    #expect(error?.kind == .truncated)
    #expect(try file.read(3).array == [1, 2, 3])
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, folder.path, folder.path + "/nothing", "/dev/zero"] {
      #expect(throws: FileError.self) { try FileReader(path) }
    }
  }

  @Test func foldersAreMadeOrTheReasonIsSaid() throws {
    let folder = try TemporaryFolder()
    let deep = folder.path + "/a/b/c"
    try FileSystem.makeFolder(deep)
    try FileSystem.makeFolder(deep)
    for part in ["/a", "/a/b", "/a/b/c"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + part)
      #expect(attributes[.posixPermissions] as? Int == 0o700)
    }
    // A link to a folder is as good as one.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: folder.path + "/a")
    try FileSystem.makeFolder(folder.path + "/link/d")
    #expect(FileManager.default.fileExists(atPath: folder.path + "/a/d"))
    // These hold for root as well.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/nowhere", withDestinationPath: "/nonexistent/place")
    let file = try folder.write("file", [1])
    for (path, place, words) in [
      (file + "/x", file, "not a folder"),
      (folder.path + "/nowhere/x", folder.path + "/nowhere", "a link to a place that is not there"),
      ("/proc/sotto/x", "/proc/sotto", "no such file or directory"),
    ] {
      let error = #expect(throws: FileError.self) { try FileSystem.makeFolder(path) }
      #expect(error?.file == place && error?.problem == words, "\(String(describing: error))")
    }
  }

  @Test(arguments: [
    (ENOSPC, "no space left on device; free some space there"),
    (EACCES, "permission denied; give yourself the right to write there"),
    (EROFS, "read-only file system; make it writable"), (EIO, "input/output error; check that disk"),
  ])
  func anErrorOfTheSystemSaysWhyAndWhatToDo(_ code: Int32, _ words: String) {
    #expect("\(FileError.writing(code, "/x/y"))" == "/x/y: " + words)
  }
}
