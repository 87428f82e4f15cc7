import Checkpoints
import Compute
import Foundation
import Testing

@Suite struct SafetensorsWriterTests {
  @Test func writesWhatIsReadBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/logits.safetensors"
    let writer = try SafetensorsWriter(
      path,
      [
        .float32("prefill_logits", [3, 1000]), .float32("none", [0, 7]), .float32("decode", [200, 3000]),
        .int32("tokens", [4]),
      ], metadata: ["model": "tschüß"])
    let numbers = (0..<603_000).map { Float($0) / 7 }
    #expect(!FileManager.default.fileExists(atPath: path))
    // Rows that run on from one tensor into the next.
    for start in stride(from: 0, to: numbers.count, by: 1700) {
      try writer.append(Array(numbers[start..<min(numbers.count, start + 1700)]))
    }
    #expect(throws: CheckpointError.self) { try writer.append([Float(1)]) }
    try writer.append([1, -2, .max, .min] as [Int32])
    try writer.finish()
    let file = try SafetensorsFile(path)
    #expect(file.metadata["model"] == "tschüß")
    #expect(file.tensors.map(\.name) == ["prefill_logits", "none", "decode", "tokens"])
    #expect(file.tensors.map(\.shape) == [[3, 1000], [0, 7], [200, 3000], [4]])
    #expect(file.tensors.map { $0.bytes.lowerBound % 4 } == [0, 0, 0, 0])
    var read: [Float] = []
    for tensor in file.tensors.prefix(3) {
      try #require(file.mapping.slice(tensor.bytes)).array.withUnsafeBytes {
        read += $0.bindMemory(to: Float.self)
      }
    }
    #expect(read == numbers)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["logits.safetensors"])
  }

  /// The head by the format's description, not by our own reader.
  @Test func theHeadFollowsTheFormat() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let writer = try SafetensorsWriter(path, [.float32("a", [2])])
    try writer.append([1, 2] as [Float])
    try writer.finish()
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    let padded = Array(header.utf8) + Array(repeating: 32, count: (8 - header.utf8.count % 8) % 8)
    #expect(bytes == [UInt8(padded.count), 0, 0, 0, 0, 0, 0, 0] + padded + [0, 0, 128, 63, 0, 0, 0, 64])
  }

  @Test func anUnfinishedFileLeavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try SafetensorsWriter(folder.path + "/x", [.float32("a", [2])])
      try writer.append([Float(1)])
      let error = #expect(throws: CheckpointError.self) { try writer.finish() }
      #expect(error?.kind == .incomplete)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test func refusesTheImpossible() throws {
    let folder = try TemporaryFolder()
    for shape in [[-1], [1 << 40, 1 << 40], [Int.max, Int.max]] {
      #expect(throws: CheckpointError.self) {
        try SafetensorsWriter(folder.path + "/x", [.float32("a", shape)])
      }
    }
    #expect(throws: CheckpointError.self) {
      try SafetensorsWriter(folder.path + "/x", [.float32("a", [1]), .int32("a", [1])])
    }
    let error = #expect(throws: CheckpointError.self) {
      try SafetensorsWriter(folder.path + "/none/x", [.float32("a", [1])])
    }
    #expect(error?.kind == .notFound)
  }
}
