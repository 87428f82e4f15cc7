import Basics
import Checkpoints
import TestSupport
import Testing

/// Files with one known inconsistency each, and the expected errors.
@Suite struct GGUFDamageTests {
  /// A little-endian GGUF header, built according to the format specification.
  struct Header {
    var bytes: [UInt8] = Array("GGUF".utf8)

    init(version: UInt32 = 3, tensors: UInt64, pairs: UInt64) {
      add(version)
      add(tensors)
      add(pairs)
    }

    mutating func add<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    mutating func add(_ text: String) {
      add(UInt64(text.utf8.count))
      bytes += text.utf8
    }

    mutating func addTensor(_ name: String, _ shape: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
      add(name)
      add(UInt32(shape.count))
      for extent in shape { add(extent) }
      add(type)
      add(offset)
    }

    func padded(_ data: Int) -> [UInt8] {
      bytes + Array(repeating: 0, count: (32 - bytes.count % 32) % 32 + data)
    }
  }

  func failure(_ bytes: [UInt8]) throws -> FileError? {
    let folder = try TemporaryFolder()
    let path = try folder.write("x.gguf", bytes)
    let error = #expect(throws: FileError.self) { try GGUFFile(path) }
    #expect(error?.file == path)
    #expect(error?.advice.isEmpty == false)
    return error
  }

  @Test func opensAValidFile() throws {
    var header = Header(tensors: 1, pairs: 1)
    header.add("k")
    header.add(UInt32(4))
    header.add(UInt32(7))
    header.addTensor("t", [4, 2])
    let folder = try TemporaryFolder()
    let file = try GGUFFile(try folder.write("x.gguf", header.padded(32)))
    #expect(try file.metadata.integer("k") == 7)
    #expect(file.tensors.first?.shape == [2, 4])
    let error = try failure(header.padded(31))
    #expect(error?.kind == .truncated)
    #expect(error?.place == "tensor 0 \"t\"")
  }

  @Test(arguments: [1, 4, 0x0300_0000] as [UInt32]) func versions(version: UInt32) throws {
    let error = try failure(Header(version: version, tensors: 0, pairs: 0).padded(64))
    #expect(error?.kind == .unsupported)
    #expect(error?.problem.contains("big-endian") == (version == 0x0300_0000))
  }

  /// Counts and lengths far beyond the file are refused before any allocation.
  @Test(arguments: [UInt64.max, 1 << 63, 1 << 40, 1000]) func hostileCounts(count: UInt64) throws {
    #expect(try failure(Header(tensors: count, pairs: 0).padded(64))?.kind == .truncated)
    #expect(try failure(Header(tensors: 0, pairs: count).padded(64))?.kind == .truncated)
    for type: UInt32 in [0, 6, 8, 9, 12] {
      var header = Header(tensors: 0, pairs: 1)
      header.add("k")
      header.add(UInt32(9))
      header.add(type)
      header.add(count)
      #expect(try failure(header.padded(64))?.kind == .truncated)
    }
    var header = Header(tensors: 0, pairs: 1)
    header.add(count)
    #expect(try failure(header.padded(64))?.kind == .truncated)
  }

  @Test func hostileTensors() throws {
    let cases: [([UInt64], UInt32, UInt64, FileError.Kind)] = [
      ([UInt64.max], 0, 0, .damaged), ([1 << 40, 1 << 40], 0, 0, .damaged),
      ([1 << 32, 1 << 32, 1 << 32, 1 << 32], 0, 0, .damaged), ([1, 1, 1, 1, 1], 0, 0, .damaged),
      ([33], 2, 0, .damaged), ([4], 0, 8, .damaged), ([4], 0, UInt64.max - 31, .truncated),
      ([4], 99, 1 << 62, .truncated), ([1 << 47], 27, 0, .truncated),
    ]
    for (shape, type, offset, kind) in cases {
      var header = Header(tensors: 1, pairs: 0)
      header.addTensor("t", shape, type: type, offset: offset)
      #expect(try failure(header.padded(128))?.kind == kind, "\(shape) \(type) \(offset)")
    }
    var duplicate = Header(tensors: 2, pairs: 0)
    duplicate.addTensor("t", [4])
    duplicate.addTensor("t", [4])
    #expect(try failure(duplicate.padded(64))?.problem == "the name occurs twice")
  }

  @Test(arguments: [0, 3, 1 << 30] as [UInt32]) func hostileAlignment(alignment: UInt32) throws {
    var header = Header(tensors: 0, pairs: 1)
    header.add("general.alignment")
    header.add(UInt32(4))
    header.add(alignment)
    #expect(try failure(header.padded(64))?.kind == .damaged)
  }

  @Test func limitsArrayNesting() throws {
    var header = Header(tensors: 0, pairs: 1)
    header.add("k")
    header.add(UInt32(9))
    for _ in 0..<100 {
      header.add(UInt32(9))
      header.add(UInt64(1))
    }
    #expect(try failure(header.padded(64))?.kind == .damaged)
  }

  /// An unknown type is an error only for reading that tensor.
  @Test func unknownTypesAreKept() throws {
    var header = Header(tensors: 2, pairs: 0)
    header.addTensor("unknown", [4], type: 99)
    header.addTensor("plain", [4], offset: 32)
    let folder = try TemporaryFolder()
    let checkpoint = try Checkpoint.open(try folder.write("x.gguf", header.padded(64)))
    #expect(try checkpoint.weight("plain").shape == [4])
    let error = #expect(throws: FileError.self) { try checkpoint.weight("unknown") }
    #expect(error?.kind == .unsupported)
    #expect(error?.description.contains("type 99") == true)
  }
}
