import Basics
import Foundation
import TestSupport
import Testing

@Suite struct FileReaderTests {
  @Test func readsSequentially() throws {
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

  /// After a truncation, bytes that were read stay valid, and further reads throw instead of crashing.
  @Test func aTruncationDuringReadingIsAnError() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x", [UInt8](repeating: 7, count: 1 << 20))
    let file = try FileReader(path)
    let start = try file.read(1 << 19)
    #expect(truncate(path, 16) == 0)
    let error = #expect(throws: FileError.self) { try file.read(1 << 19) }
    #expect(error?.kind == .truncated)
    #expect(start.array == [UInt8](repeating: 7, count: 1 << 19))
  }

  @Test func aCountBeyondTheFileAllocatesNothing() throws {
    let folder = try TemporaryFolder()
    let file = try FileReader(try folder.write("x", [1, 2, 3]))
    let error = #expect(throws: FileError.self) { try file.read(.max) }
    #expect(error?.kind == .truncated)
    #expect(try file.read(3).array == [1, 2, 3])
  }

  @Test func nonRegularFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, folder.path, folder.path + "/nothing", "/dev/zero"] {
      #expect(throws: FileError.self) { try FileReader(path) }
    }
  }

  @Test func createsFoldersOrThrowsTheReason() throws {
    let folder = try TemporaryFolder()
    let deep = folder.path + "/a/b/c"
    try FileSystem.makeFolder(deep)
    try FileSystem.makeFolder(deep)
    for part in ["/a", "/a/b", "/a/b/c"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + part)
      #expect(attributes[.posixPermissions] as? Int == 0o700)
    }
    // A link to a folder counts as a folder.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: folder.path + "/a")
    try FileSystem.makeFolder(folder.path + "/link/d")
    #expect(FileManager.default.fileExists(atPath: folder.path + "/a/d"))
    // These errors occur for root as well.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/nowhere", withDestinationPath: "/nonexistent/place")
    let file = try folder.write("file", [1])
    for (path, failing, problem) in [
      (file + "/x", file, "not a folder"),
      (
        folder.path + "/nowhere/x", folder.path + "/nowhere",
        "the link points to a folder that does not exist"
      ),
      ("/proc/sotto/x", "/proc/sotto", "no such file or directory"),
    ] {
      let error = #expect(throws: FileError.self) { try FileSystem.makeFolder(path) }
      #expect(error?.file == failing && error?.problem == problem, "\(String(describing: error))")
    }
  }

  @Test(arguments: [
    (ENOSPC, "no space left on device; free some space there"),
    (EACCES, "permission denied; give yourself the right to write there"),
    (EROFS, "read-only file system; make it writable"), (EIO, "input/output error; check that disk"),
  ])
  func systemErrorsHaveAReasonAndAdvice(_ code: Int32, _ message: String) {
    #expect("\(FileError.writing(code, "/x/y"))" == "/x/y: " + message)
  }
}
