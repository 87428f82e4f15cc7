import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
  /// A file written by Python's safetensors, compared with the values that it reads.
  @Test func readsTensors() throws {
    let expected = try #require(try Fixture.json("safetensors/plain/expected.json").asObject)
    let types: [String: SafetensorsType] = [
      "torch.float32": .float32, "torch.float16": .float16, "torch.bfloat16": .bfloat16,
      "torch.int64": .int64, "torch.uint8": .uint8,
    ]
    let file = try SafetensorsFile(Fixture.path("safetensors/plain/model.safetensors"))
    #expect(file.tensors.count == expected.count)
    #expect(file.metadata["format"] == "pt")
    let checkpoint = try Checkpoint.open(Fixture.path("safetensors/plain"))
    for tensor in file.tensors {
      let entry = try #require(expected[tensor.name])
      let shape = try entry.array("shape").compactMap(\.asInteger)
      #expect(tensor.type == types[try entry.string("dtype")])
      #expect(tensor.shape == shape)
      #expect(crc32(try #require(file.mapping.slice(tensor.bytes)).array) == (try entry.integer("crc32")))
      if tensor.type.format != nil {
        let weight = try checkpoint.weight(tensor.name)
        #expect(weight.shape == shape)
        #expect(crc32(weight.values.array) == (try entry.integer("crc32")))
      } else {
        let error = #expect(throws: FileError.self) { try checkpoint.weight(tensor.name) }
        #expect(error?.kind == .unsupported)
      }
    }
  }

  static let validHeader = #"{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#

  static func file(header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    let text = Array(header.utf8)
    return withUnsafeBytes(of: (length ?? UInt64(text.count)).littleEndian) { Array($0) } + text
      + Array(repeating: 0, count: data)
  }

  @Test func opensAValidFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x.safetensors", Self.file(header: Self.validHeader, data: 8))
    #expect(try SafetensorsFile(path).tensors.first?.shape == [2])
  }

  @Test(arguments: [
    (#"{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}}"#, FileError.Kind.truncated),
    (#"{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, .damaged),
    (#"{"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, .damaged),
    (#"{"t":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, .damaged),
    (#"{"t":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, .damaged),
    (#"{"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, .damaged),
    (#"{"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, .damaged),
    (#"{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, .truncated),
    (#"{"t":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, .damaged),
    (#"{"t":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}"#, .damaged),
    (#"{"t":{"shape":[2],"data_offsets":[0,8]}}"#, .damaged),
    (#"{"t":3}"#, .damaged), (#"[]"#, .damaged), (#"{"#, .damaged), (#""#, .damaged),
  ])
  func damage(header: String, kind: FileError.Kind) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x.safetensors", Self.file(header: header, data: 8))
    let error = #expect(throws: FileError.self) { try SafetensorsFile(path) }
    #expect(error?.kind == kind)
    #expect(error?.file == path)
  }

  @Test(arguments: [UInt64.max, 1 << 63, 100_000_001, 200, 61]) func hostileHeaderLength(length: UInt64)
    throws
  {
    let folder = try TemporaryFolder()
    let bytes = Self.file(header: Self.validHeader, data: 0, length: length)
    let path = try folder.write("x.safetensors", bytes)
    #expect(throws: FileError.self) { try SafetensorsFile(path) }
  }

  @Test func readsTheShardsOfTheIndex() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("safetensors/sharded"))
    #expect(checkpoint.names == ["layers.0.weight", "layers.1.weight"])
    #expect(checkpoint.parameters == 16)
    for index in 0..<2 {
      let values = try checkpoint.weight("layers.\(index)").values.array
      #expect(values.withUnsafeBytes { $0.loadUnaligned(as: Float.self) } == Float(index + 1))
    }
    let part = Fixture.path("safetensors/sharded/model-00002-of-00002.safetensors")
    #expect(try Checkpoint.open(part).names.count == 2)
  }

  @Test func aMissingShardIsReported() throws {
    for hasIndex in [true, false] {
      let folder = try TemporaryFolder()
      try folder.copy("safetensors/sharded", to: "model")
      try #require(unlink(folder.path + "/model/model-00001-of-00002.safetensors") == 0)
      if !hasIndex { try #require(unlink(folder.path + "/model/model.safetensors.index.json") == 0) }
      let error = #expect(throws: FileError.self) { try Checkpoint.open(folder.path + "/model") }
      #expect(error?.kind == .incomplete)
      #expect(error?.file.hasSuffix("model-00001-of-00002.safetensors") == true)
    }
  }

  @Test(arguments: ["../plain/model.safetensors", "/etc/passwd", "", "x.bin"])
  func anIndexCannotReferToOtherFolders(name: String) throws {
    let folder = try TemporaryFolder()
    try folder.copy("safetensors/sharded", to: "model")
    let index: JSON = ["weight_map": ["layers.0.weight": .string(name)]]
    try folder.write("model/model.safetensors.index.json", index.text())
    let error = #expect(throws: FileError.self) { try Checkpoint.open(folder.path + "/model") }
    #expect(error?.kind == .damaged)
  }
}
