import Basics
import Checkpoints
import TestSupport
import Testing

/// Files that contradict themselves in one known way, and what is said of each.
@Suite struct GGUFDamageTests {
  /// A little-endian GGUF head, written by hand from the format's description.
  struct Head {
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

  @Test func aSoundFileByHandOpens() throws {
    var head = Head(tensors: 1, pairs: 1)
    head.add("k")
    head.add(UInt32(4))
    head.add(UInt32(7))
    head.addTensor("t", [4, 2])
    let folder = try TemporaryFolder()
    let file = try GGUFFile(try folder.write("x.gguf", head.padded(32)))
    #expect(try file.metadata.integer("k") == 7)
    #expect(file.tensors.first?.shape == [2, 4])
    let error = try failure(head.padded(31))
    #expect(error?.kind == .truncated)
    #expect(error?.place == "tensor 0 \"t\"")
  }

  @Test(arguments: [1, 4, 0x0300_0000] as [UInt32]) func versions(version: UInt32) throws {
    let error = try failure(Head(version: version, tensors: 0, pairs: 0).padded(64))
    #expect(error?.kind == .unsupported)
    #expect(error?.problem.contains("big-endian") == (version == 0x0300_0000))
  }

  /// Counts and lengths far beyond the file: refused before anything is allocated for them.
  @Test(arguments: [UInt64.max, 1 << 63, 1 << 40, 1000]) func hostileCounts(count: UInt64) throws {
    #expect(try failure(Head(tensors: count, pairs: 0).padded(64))?.kind == .truncated)
    #expect(try failure(Head(tensors: 0, pairs: count).padded(64))?.kind == .truncated)
    for type: UInt32 in [0, 6, 8, 9, 12] {
      var head = Head(tensors: 0, pairs: 1)
      head.add("k")
      head.add(UInt32(9))
      head.add(type)
      head.add(count)
      #expect(try failure(head.padded(64))?.kind == .truncated)
    }
    var head = Head(tensors: 0, pairs: 1)
    head.add(count)
    #expect(try failure(head.padded(64))?.kind == .truncated)
  }

  @Test func hostileTensors() throws {
    let cases: [([UInt64], UInt32, UInt64, FileError.Kind)] = [
      ([UInt64.max], 0, 0, .damaged), ([1 << 40, 1 << 40], 0, 0, .damaged),
      ([1 << 32, 1 << 32, 1 << 32, 1 << 32], 0, 0, .damaged), ([1, 1, 1, 1, 1], 0, 0, .damaged),
      ([33], 2, 0, .damaged), ([4], 0, 8, .damaged), ([4], 0, UInt64.max - 31, .truncated),
      ([4], 99, 1 << 62, .truncated), ([1 << 47], 27, 0, .truncated),
    ]
    for (shape, type, offset, kind) in cases {
      var head = Head(tensors: 1, pairs: 0)
      head.addTensor("t", shape, type: type, offset: offset)
      #expect(try failure(head.padded(128))?.kind == kind, "\(shape) \(type) \(offset)")
    }
    var twice = Head(tensors: 2, pairs: 0)
    twice.addTensor("t", [4])
    twice.addTensor("t", [4])
    #expect(try failure(twice.padded(64))?.problem == "the name is there twice")
  }

  @Test(arguments: [0, 3, 1 << 30] as [UInt32]) func hostileAlignment(alignment: UInt32) throws {
    var head = Head(tensors: 0, pairs: 1)
    head.add("general.alignment")
    head.add(UInt32(4))
    head.add(alignment)
    #expect(try failure(head.padded(64))?.kind == .damaged)
  }

  @Test func arraysWithinArraysEnd() throws {
    var head = Head(tensors: 0, pairs: 1)
    head.add("k")
    head.add(UInt32(9))
    for _ in 0..<100 {
      head.add(UInt32(9))
      head.add(UInt64(1))
    }
    #expect(try failure(head.padded(64))?.kind == .damaged)
  }

  /// An unknown type is an error only for who asks for that tensor.
  @Test func unknownTypesAreKept() throws {
    var head = Head(tensors: 2, pairs: 0)
    head.addTensor("strange", [4], type: 99)
    head.addTensor("plain", [4], offset: 32)
    let folder = try TemporaryFolder()
    let checkpoint = try Checkpoint.open(try folder.write("x.gguf", head.padded(64)))
    #expect(try checkpoint.weight("plain").shape == [4])
    let error = #expect(throws: FileError.self) { try checkpoint.weight("strange") }
    #expect(error?.kind == .unsupported)
    #expect(error?.description.contains("type 99") == true)
  }
}
