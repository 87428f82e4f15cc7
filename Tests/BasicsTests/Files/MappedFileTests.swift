import Basics
import Foundation
import TestSupport
import Testing

@Suite struct MappedFileTests {
  @Test func readsAndSlices() throws {
    let folder = try TemporaryFolder()
    let content = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let file = try MappedFile(try folder.write("file", content))
    #expect(file.count == 10_000)
    #expect(file.bytes.array == content)
    #expect(file.slice(100..<200)?.array == Array(content[100..<200]))
    #expect(file.slice(10_000..<10_000)?.count == 0)
    #expect(file.slice(9_999..<10_001) == nil)
    for advice in MappedFile.Advice.allCases {
      file.advise(advice)
      file.advise(advice, 4_500..<20_000)
      #expect(file.bytes.array == content)
    }
  }

  @Test func slicesOutliveTheFileObject() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("file", "content")
    let slice = try MappedFile(path).slice(3..<7)
    #expect(slice?.array == Array("tent".utf8))
  }

  @Test func errorsNameTheFile() throws {
    let folder = try TemporaryFolder()
    let empty = try folder.write("empty", "")
    let pipe = folder.path + "/pipe"
    mkfifo(pipe, 0o600)
    let cases: [(String, FileError.Kind)] = [
      (folder.path + "/none", .notFound), (empty + "/below", .notFound), (folder.path, .unreadable),
      (pipe, .unreadable), (empty, .truncated),
    ]
    for (path, kind) in cases {
      let error = #expect(throws: FileError.self) { try MappedFile(path) }
      #expect(error?.kind == kind)
      #expect(error?.file == path)
      #expect(error?.advice.isEmpty == false)
    }
  }

  @Test func descriptionsAreOneLineWithoutControlCharacters() {
    let error = FileError(.damaged, file: "a\nb", place: "tensor \u{1B}[2J", "x\u{202E}y\u{7}")
    #expect(
      error.description
        == "a\\u{a}b: tensor \\u{1b}[2J: x\\u{202e}y\\u{7}; download or convert the file again")
  }
}
