import Basics
import Foundation
import TestSupport
import Testing

struct WholeFileWriterTests {
  private func names(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func finishCreatesTheFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a"
    let writer = try WholeFileWriter(path, permissions: 0o600)
    try Array("one".utf8).withUnsafeBytes { bytes in
      try Result { () throws(FileError) in try writer.write(bytes) }.get()
    }
    #expect(try names(folder).allSatisfy { $0.hasSuffix(WholeFileWriter.partialSuffix) })
    try writer.finish()
    #expect(try names(folder) == ["a"])
    #expect(try MappedFile(path).bytes.text == "one")
    let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    #expect(permissions as? Int == 0o600)
  }

  @Test func anUnfinishedFileChangesNothing() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a", "before")
    do { _ = try WholeFileWriter(path) }
    #expect(try names(folder) == ["a"])
    #expect(try MappedFile(path).bytes.text == "before")
  }

  @Test func linksAreFollowed() throws {
    let folder = try TemporaryFolder()
    let target = try folder.write("target", "before")
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: target)
    try WholeFileWriter.write("after", to: folder.path + "/link")
    #expect(try MappedFile(target).bytes.text == "after")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/link") == target)
  }

  @Test func errorsNameTheFile() {
    let error = #expect(throws: FileError.self) { try WholeFileWriter.write("x", to: "/nowhere/at/all") }
    #expect(error?.file == "/nowhere/at/all" && error?.kind == .notFound)
    #expect(throws: FileError.self) { try WholeFileWriter.write("x", to: "/dev") }
  }
}
