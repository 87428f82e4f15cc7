import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
  @Test func writtenTensorsAreReadBack() throws {
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
    // Chunks that continue from one tensor into the next.
    for start in stride(from: 0, to: numbers.count, by: 1700) {
      try writer.append(Array(numbers[start..<min(numbers.count, start + 1700)]))
    }
    #expect(throws: FileError.self) { try writer.append([Float(1)]) }
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

  /// Checks the bytes against the format specification, independent of our reader.
  @Test func theHeaderFollowsTheFormat() throws {
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

  @Test func anUnfinishedFileIsRemoved() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try SafetensorsWriter(folder.path + "/x", [.float32("a", [2])])
      try writer.append([Float(1)])
      let error = #expect(throws: FileError.self) { try writer.finish() }
      #expect(error?.kind == .incomplete)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test func refusesInvalidDeclarations() throws {
    let folder = try TemporaryFolder()
    for shape in [[-1], [1 << 40, 1 << 40], [Int.max, Int.max]] {
      #expect(throws: FileError.self) {
        try SafetensorsWriter(folder.path + "/x", [.float32("a", shape)])
      }
    }
    #expect(throws: FileError.self) {
      try SafetensorsWriter(folder.path + "/x", [.float32("a", [1]), .int32("a", [1])])
    }
    let error = #expect(throws: FileError.self) {
      try SafetensorsWriter(folder.path + "/none/x", [.float32("a", [1])])
    }
    #expect(error?.kind == .notFound)
  }
}

extension SafetensorsWriterTests {
  @Test func writesBytesOfAllTypesAligned() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let writer = try SafetensorsWriter(
      path,
      [
        .bytes("pages", .uint8, [3, 128]), .bytes("none", .uint8, [0, 9]), .bytes("sums", .uint64, [2]),
        .float32("f", [1]), .bytes("h", .float16, [3]),
      ], permissions: 0o600)
    let pages = (0..<384).map { UInt8($0 % 251) }
    try writer.append(Bytes(copying: Array(pages[..<128])))
    try writer.append(Bytes(copying: Array(pages[128...])))
    try writer.append(Bytes(copying: [UInt8]()))
    // More than the remaining size of the current tensor.
    #expect(throws: FileError.self) {
      try writer.append(Bytes(copying: [UInt64](repeating: 1, count: 3)))
    }
    try writer.append(Bytes(copying: [1, 2] as [UInt64]))
    try writer.append([Float(3)])
    try writer.append(Bytes(copying: [4, 5, 6] as [UInt16]))
    try writer.finish()
    let file = try SafetensorsFile(path)
    #expect(file.tensors.map(\.name) == ["pages", "none", "sums", "f", "h"])
    let start = file.dataStart
    #expect(start % 8 == 0 && file.tensors[0].bytes == start..<start + 384)
    #expect(file.mapping.count == start + 384 + 16 + 4 + 6)
    #expect(try #require(file.bytes(file.tensors[0])).array == pages)
    #expect(try #require(file.bytes(file.tensors[4])).array == [4, 0, 5, 0, 6, 0])
    #expect(writer.headerChecksum == XXHash64.hash(try #require(file.mapping.slice(0..<file.dataStart))))
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(throws: FileError.self) {
      try SafetensorsWriter(folder.path + "/y", [.bytes("q", .other("F4"), [1])])
    }
  }

  /// Concurrent writers use separate partial files; the last one to finish wins.
  @Test func concurrentWritersUseSeparateFiles() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let writers = try (0..<3).map { _ in try SafetensorsWriter(path, [.float32("a", [1])]) }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.count == 3 && names.allSatisfy { $0.hasSuffix(WholeFileWriter.partialSuffix) })
    for (index, writer) in writers.enumerated() {
      try writer.append([Float(index)])
      try writer.finish()
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.safetensors"])
    let file = try SafetensorsFile(path)
    #expect(try #require(file.bytes(file.tensors[0])).array == [0, 0, 0, 64])
  }
}
