import Basics
import Checkpoints
import TestSupport
import Testing

/// Files written by Python's gguf, compared with the values that Python's gguf reads.
@Suite struct GGUFFileTests {
  @Test(arguments: [("version3", "version3"), ("version2", "version3"), ("aligned", "aligned")])
  func readsTensors(file: String, description: String) throws {
    let expected = try Fixture.json("gguf/\(description).json")
    let found = try GGUFFile(Fixture.path("gguf/\(file).gguf"))
    #expect(found.version == (file == "version2" ? 2 : 3))
    #expect(found.alignment == (try expected.integer("alignment")))
    let tensors = try expected.array("tensors")
    #expect(found.tensors.count == tensors.count)
    for (tensor, entry) in zip(found.tensors, tensors) {
      #expect(tensor.name == (try entry.string("name")))
      #expect("\(tensor.type)" == (try entry.string("type")))
      #expect(tensor.shape == (try entry.array("shape")).compactMap(\.asInteger))
      #expect(tensor.bytes.lowerBound == (try entry.integer("offset")))
      #expect(tensor.bytes.count == (try entry.integer("bytes")))
      if let format = tensor.type.format {
        let weight = try found.weight(tensor)
        #expect(weight.format == format)
        #expect(weight.shape == tensor.shape)
        #expect(crc32(weight.values.array) == (try entry.integer("crc32")))
      } else {
        let error = #expect(throws: FileError.self) { try found.weight(tensor) }
        #expect(error?.kind == .unsupported)
        #expect(error?.problem.contains(try entry.string("type")) == true)
      }
    }
  }

  @Test func mapsEveryFormat() throws {
    let formats: [String: WeightFormat] = [
      "vector": .float32, "half": .float16, "BF16": .bfloat16, "Q4_0": .q4_0, "Q4_1": .q4_1, "Q5_0": .q5_0,
      "Q5_1": .q5_1, "Q8_0": .q8_0, "Q4_K": .q4_K, "Q5_K": .q5_K, "Q6_K": .q6_K, "MXFP4": .mxfp4,
      "experts": .mxfp4,
    ]
    let checkpoint = try Checkpoint.open(Fixture.path("gguf/version3.gguf"))
    for (name, format) in formats {
      #expect(try checkpoint.weight(name).format == format)
      #expect(try checkpoint.weight(name + ".weight").format == format)
    }
    #expect(try checkpoint.weight("experts").shape == [4, 3, 64])
    #expect(try checkpoint.weight("experts").matrices == 4)
  }

  @Test func readsMetadata() throws {
    let fields = try Fixture.json("gguf/version3.json").object("fields")
    let metadata = try GGUFFile(Fixture.path("gguf/version3.gguf")).metadata
    #expect(metadata.keys == fields.keys)
    for (key, expected) in fields {
      switch expected {
      case .integer(let value): #expect(try metadata.integer(key) == value)
      case .number(let value): #expect(try metadata.number(key) == value)
      case .bool(let value): #expect(try metadata.bool(key) == value)
      case .string(let value): #expect(Array(try metadata.string(key).utf8) == Array(value.utf8))
      case .array(let values):
        if values.allSatisfy({ $0.asString != nil }) {
          let found = try metadata.strings(key)
          let strings = values.compactMap(\.asString)
          #expect(found.count == strings.count)
          #expect(found.strings().map { Array($0.utf8) } == strings.map { Array($0.utf8) })
          #expect(found.ranges().map { Array(found.bytes.array[$0]) } == strings.map { Array($0.utf8) })
        } else if values.allSatisfy({ $0.asBool != nil }) {
          #expect(try metadata.integers(key) == values.map { $0 == true ? 1 : 0 })
        } else if values.allSatisfy({ if case .integer = $0 { true } else { false } }) {
          #expect(try metadata.integers(key) == values.compactMap(\.asInteger))
        } else {
          #expect(try metadata.floats(key) == values.compactMap { $0.asNumber.map { Float($0) } })
        }
      default: Issue.record("\(key) is not expected")
      }
    }
  }

  @Test func wrongTypesAreErrors() throws {
    let metadata = try GGUFFile(Fixture.path("gguf/version3.gguf")).metadata
    #expect(throws: FileError.self) { try metadata.integer("t.string") }
    #expect(throws: FileError.self) { try metadata.string("t.int8") }
    #expect(throws: FileError.self) { try metadata.integers("t.floats") }
    #expect(throws: FileError.self) { try metadata.strings("t.ints") }
    #expect(try metadata.optionalInteger("none") == nil)
    let error = #expect(throws: FileError.self) { try metadata.integer("none") }
    #expect(error?.place == "none")
  }

  @Test func opensTheFileAsACheckpoint() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("gguf/version3.gguf"))
    #expect(checkpoint.kind == .gguf)
    #expect(checkpoint.name == "version3")
    #expect(checkpoint.architecture == "llama")
    #expect(checkpoint.quantizationLabel == "Q4_K_M")
    #expect(checkpoint.parameters == 40 + 15 + 7 * 192 + 4 * 512 + 768 + 6)
    #expect(checkpoint.contains("Q4_0"))
    #expect(!checkpoint.contains("Q4"))
    let error = #expect(throws: FileError.self) { try checkpoint.weight("Q4") }
    #expect(error?.kind == .incomplete)
    #expect(try checkpoint.tokenizerFile("version3.json") == nil)
  }
}
