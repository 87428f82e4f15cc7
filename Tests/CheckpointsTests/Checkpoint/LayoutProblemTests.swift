import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct LayoutProblemTests {
  /// A folder with a file of tensors of bytes at these offsets, and `size` bytes of data.
  private func model(_ tensors: [(String, Range<Int>)], size: Int, _ folder: TemporaryFolder) throws
    -> Checkpoint
  {
    let entries = tensors.map { name, range in
      #""\#(name)":{"dtype":"U8","shape":[\#(range.count)],"data_offsets":[\#(range.lowerBound),\#(range.upperBound)]}"#
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    let file = length + header + Array(repeating: 0, count: size)
    try Data(file).write(to: URL(filePath: folder.path + "/model.safetensors"))
    try Data("{}".utf8).write(to: URL(filePath: folder.path + "/config.json"))
    return try Checkpoint.open(folder.path)
  }

  @Test func tensorsThatFillTheFileAreSound() throws {
    let folder = try TemporaryFolder()
    let model = try model([("b", 4..<10), ("a", 0..<4), ("none", 4..<4)], size: 10, folder)
    #expect(model.layoutProblems() == [])
    #expect(model.tensors.map(\.name) == ["b", "a", "none"])
    #expect(
      model.tensors[0].type == "U8" && model.tensors[0].shape == [6] && model.tensors[0].bytes.count == 6)
  }

  @Test func overlapsAndGapsAreFound() throws {
    let folder = try TemporaryFolder()
    let model = try model([("a", 0..<4), ("b", 2..<6), ("c", 8..<10)], size: 13, folder)
    #expect(
      model.layoutProblems() == [
        "model.safetensors: the tensors a and b overlap",
        "model.safetensors: 2 bytes before c belong to no tensor",
        "model.safetensors: the last 3 bytes belong to no tensor",
      ])
  }
}
