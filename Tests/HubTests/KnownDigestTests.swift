import Basics
import Foundation
import Hub
import TestSupport
import Testing

@Suite struct KnownDigestTests {
  /// SHA-256 of "abc" (FIPS 180-4, appendix B.1).
  private static let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test func namesOfBlobsAreChecksums() throws {
    let folder = try TemporaryFolder()
    for (name, text, expected) in [
      (Self.sum, "abc", true), ("sha256-" + Self.sum, "abd", false), ("model.gguf", "abc", nil),
    ] as [(String, String, Bool?)] {
      let path = folder.path + "/" + name
      try Data(text.utf8).write(to: URL(filePath: path))
      #expect(try KnownDigests.check(path) == expected)
    }
    let link = folder.path + "/model.safetensors"
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: folder.path + "/" + Self.sum)
    #expect(try KnownDigests.check(link) == true)
  }

  @Test func recordsOfDownloadsAreChecked() throws {
    let folder = try TemporaryFolder()
    let record = #"{"origin": null, "files": {"a.gguf": "sha256:\#(Self.sum)"}}"#
    try Data(record.utf8).write(to: URL(filePath: folder.path + "/.sotto-pull.json"))
    let path = folder.path + "/a.gguf"
    try Data("abc".utf8).write(to: URL(filePath: path))
    #expect(try KnownDigests.check(path) == true)
    try Data("xyz".utf8).write(to: URL(filePath: path))
    #expect(try KnownDigests.check(path) == false)
  }
}
