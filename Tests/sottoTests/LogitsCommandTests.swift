import Foundation
import TestSupport
import Testing

/// `sotto logits` with a small model: the output file, and its independence of the prefill length.
struct LogitsCommandTests {
  @Test func logitsDoNotDependOnThePrefillLength() throws {
    try Fixture.withFolder { folder in
      let tokens = folder.appending(path: "tokens.json")
      try Data("[5, 80, 17, 3, 3, 91]".utf8).write(to: tokens)
      var first: [Float]?
      for prefill in [1, 3, 6] {
        let output = folder.appending(path: "logits-\(prefill).safetensors")
        let program = try Program.run(
          [
            "logits", Repository.tinyModel("llama-plain").path, "--tokens", tokens.path, "--prefill",
            "\(prefill)",
            "--output", output.path,
          ], in: folder)
        #expect(program.exitCode == 0, "\(program.error)")
        let tensors = try SimpleSafetensors(output)
        #expect(tensors.shapes["prefill_logits"] == [prefill, 96])
        #expect(tensors.shapes["decode_logits"] == [6 - prefill, 96])
        let logits = try tensors.floats("prefill_logits") + tensors.floats("decode_logits")
        let reference = first ?? logits
        first = reference
        #expect(logits.count == reference.count)
        #expect(zip(logits, reference).allSatisfy { abs($0 - $1) < 1e-4 })
      }
    }
  }
}

/// An independent reader for float32 safetensors files.
struct SimpleSafetensors {
  private(set) var shapes: [String: [Int]] = [:]
  private var ranges: [String: Range<Int>] = [:]
  private let data: Data

  init(_ url: URL) throws {
    data = try Data(contentsOf: url)
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(length))
    for (name, entry) in try #require(header as? [String: [String: Any]]) where name != "__metadata__" {
      #expect(entry["dtype"] as? String == "F32")
      let offsets = try #require(entry["data_offsets"] as? [Int])
      shapes[name] = entry["shape"] as? [Int]
      ranges[name] = (8 + length + offsets[0])..<(8 + length + offsets[1])
    }
  }

  func floats(_ name: String) throws -> [Float] {
    let bytes = [UInt8](data[try #require(ranges[name])])
    return stride(from: 0, to: bytes.count, by: 4).map { i in
      Float(bitPattern: (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[i + $1]) })
    }
  }
}
