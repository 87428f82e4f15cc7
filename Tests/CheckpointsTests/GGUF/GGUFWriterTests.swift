import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct GGUFWriterTests {
  @Test func writtenFilesAreReadBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.gguf"
    let writer = try GGUFWriter(
      path,
      metadata: [
        ("general.architecture", .string("tschüß")), ("a", .integer(7)), ("b", .number(1.5)),
        ("c", .bool(true)),
        ("d", .strings(["", "x y"])), ("e", .integers([-1, 3])),
      ], tensors: [GGUFWriter.Declaration("t", .float32, [3]), GGUFWriter.Declaration("q", .q8_0, [2, 32])])
    try writer.append(Bytes(copying: [1, 2, 3] as [Float]))
    try writer.finishTensor(12)
    #expect(throws: FileError.self) { try writer.append(Bytes(copying: [UInt8](repeating: 1, count: 69))) }
    try writer.append(Bytes(copying: [UInt8](repeating: 1, count: 68)))
    try writer.finishTensor(68)
    #expect(!FileManager.default.fileExists(atPath: path))
    try writer.finish()
    let file = try GGUFFile(path)
    #expect(try file.metadata.architecture() == "tschüß")
    #expect(
      try file.metadata.integer("a") == 7 && file.metadata.number("b") == 1.5 && file.metadata.bool("c"))
    #expect(try file.metadata.strings("d").strings() == ["", "x y"])
    #expect(try file.metadata.integers("e") == [-1, 3])
    #expect(file.tensors.map(\.name) == ["t", "q"])
    #expect(file.tensors.map(\.shape) == [[3], [2, 32]])
    #expect(file.tensors.allSatisfy { $0.bytes.lowerBound % 32 == 0 })
    #expect(try file.weight(file.tensors[1]).values.withUnsafeBytes { $0.allSatisfy { $0 == 1 } })
  }

  @Test func anUnfinishedFileIsRemoved() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try GGUFWriter(
        folder.path + "/a.gguf", metadata: [], tensors: [GGUFWriter.Declaration("t", .float32, [3])])
      #expect(throws: FileError.self) { try writer.finish() }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    #expect(throws: FileError.self) { try GGUFWriter.Declaration("t", .mxfp4Planar, [2, 32]) }
    #expect(throws: FileError.self) { try GGUFWriter.Declaration("t", .q4_K, [2, 32]) }
  }
}
