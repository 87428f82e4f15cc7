import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

/// The summary of a model that is only walked over is that of the opened model.
@Suite struct CheckpointSummaryTests {
  /// A valid file.
  private func gguf(
    vocabulary: [String], name: String = "a", tensors: [String] = ["token_embd.weight", "output.weight"]
  ) throws -> [UInt8] {
    var header = GGUFDamageTests.Header(tensors: UInt64(tensors.count), pairs: 4)
    header.add("general.architecture")
    header.add(UInt32(8))
    header.add("llama")
    header.add("general.name")
    header.add(UInt32(8))
    header.add(name)
    header.add("tokenizer.ggml.tokens")
    header.add(UInt32(9))
    header.add(UInt32(8))
    header.add(UInt64(vocabulary.count))
    for word in vocabulary { header.add(word) }
    header.add("general.file_type")
    header.add(UInt32(4))
    header.add(UInt32(7))
    for (index, tensor) in tensors.enumerated() {
      header.addTensor(tensor, [8, 4], offset: UInt64(index * 128))
    }
    return header.padded(tensors.count * 128)
  }

  private func vocabulary(_ last: String = "") -> [String] { (0..<2000).map { "word \($0)" } + [last] }

  @Test(arguments: [
    "gguf/version2.gguf", "gguf/version3.gguf", "gguf/aligned.gguf", "gguf/split/model-00001-of-00003.gguf",
    "safetensors/plain", "safetensors/mlx", "safetensors/gpt-oss", "safetensors/sharded",
  ])
  func isThatOfTheOpenedModel(_ fixture: String) throws {
    let path = Fixture.path(fixture)
    #expect(try Checkpoint.summary(of: path, VocabularyLengths()) == Checkpoint.open(path).summary)
  }

  /// The kinds of vocabularies in GGUF files, and the files of vocabularies beside safetensors.
  @Test(arguments: [("gpt2", true), ("no_vocab", false), ("none", false), (nil, false)] as [(String?, Bool)])
  func aVocabularyIsNoticedInAFile(kind: String?, isThere: Bool) throws {
    let folder = try TemporaryFolder()
    var header = GGUFDamageTests.Header(tensors: 1, pairs: kind == nil ? 1 : 2)
    for (key, value) in [("general.architecture", "llama"), ("tokenizer.ggml.model", kind)] {
      guard let value else { continue }
      header.add(key)
      header.add(UInt32(8))
      header.add(value)
    }
    header.addTensor("token_embd.weight", [8, 4], offset: 0)
    let path = try folder.write("a.gguf", header.padded(128))
    #expect(try Checkpoint.summary(of: path, VocabularyLengths()).hasVocabulary == isThere)
    #expect(try Checkpoint.open(path).summary.hasVocabulary == isThere)
  }

  @Test(arguments: ["tokenizer.json", "tokenizer.model", "tekken.json", "o200k_base.tiktoken", nil])
  func aVocabularyIsNoticedInAFolder(file: String?) throws {
    let folder = try TemporaryFolder()
    for name in ["safetensors/plain", "safetensors/gpt-oss"] {
      let path = try folder.copy(name, to: name)
      for known in ["tokenizer.json", "tokenizer.model"] {
        try? FileManager.default.removeItem(atPath: path + "/" + known)
      }
      if let file { try folder.write(name + "/" + file, "x") }
      #expect(try Checkpoint.summary(of: path, VocabularyLengths()).hasVocabulary == (file != nil))
      #expect(try Checkpoint.open(path).summary.hasVocabulary == (file != nil))
    }
  }

  @Test func filesOfDifferentVocabulariesDoNotDisturbEachOther() throws {
    let folder = try TemporaryFolder()
    let vocabularies = VocabularyLengths()
    // The same number of words and the same first ones, in turn; and one that ends where a name could start.
    let lasts = ["", "longer than the others", "", "x", String(repeating: "y", count: 200)]
    for (index, last) in lasts.enumerated() {
      let path = try folder.write("\(index).gguf", gguf(vocabulary: vocabulary(last)))
      for _ in 0..<2 {
        let summary = try Checkpoint.summary(of: path, vocabularies)
        #expect(summary == (try Checkpoint.open(path).summary))
        #expect(summary.parameters == 64)
        #expect(summary.quantizationLabel == "Q8_0")
        #expect(summary.architecture == "llama")
      }
    }
  }

  @Test func aKnownVocabularySparesItsBytes() throws {
    let folder = try TemporaryFolder()
    let vocabularies = VocabularyLengths()
    let whole = try gguf(vocabulary: vocabulary())
    _ = try Checkpoint.summary(of: folder.write("1.gguf", whole), vocabularies)
    // A length in the middle that leads beyond the end is not visited.
    var damaged = whole
    let word = Array("word 1500".utf8)
    let place = try #require(
      (0..<whole.count - word.count).first { whole[$0..<$0 + word.count] == word[...] })
    damaged[place - 1] = 0x7F
    let path = try folder.write("2.gguf", damaged)
    #expect(try Checkpoint.summary(of: path, vocabularies).parameters == 64)
    #expect(throws: FileError.self) { try Checkpoint.summary(of: path, VocabularyLengths()) }
  }

  @Test func damageIsFoundAsByOpening() throws {
    let folder = try TemporaryFolder()
    let vocabularies = VocabularyLengths()
    let whole = try gguf(vocabulary: vocabulary())
    _ = try Checkpoint.summary(of: folder.write("0.gguf", whole), vocabularies)
    for damaged in [
      Array(whole.dropLast(129)), Array(whole.prefix(9000)), Array(whole.prefix(2)),
      try gguf(vocabulary: vocabulary(), tensors: ["a.weight", "a.weight"]),
    ] {
      let path = try folder.write("x.gguf", damaged)
      let error = #expect(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(throws: try #require(error)) { try Checkpoint.summary(of: path, vocabularies) }
    }
  }

  /// A safetensors file with these tensors: name, type, shape and bytes.
  private func safetensors(_ tensors: [(String, String, [Int], Int)]) -> [UInt8] {
    var offset = 0
    let entries = tensors.map { name, type, shape, bytes in
      defer { offset += bytes }
      return
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(offset + bytes)]}"
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
      + Array(repeating: 0, count: offset)
  }

  /// A packed layer of 4 rows with 64 columns, and a norm.
  private static let packed = [
    ("a.weight", "U32", [4, 8], 128), ("a.scales", "BF16", [4, 1], 8), ("a.biases", "BF16", [4, 1], 8),
    ("norm.weight", "F32", [64], 256),
  ]

  @Test func packedLayersCountTheirNumbers() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "config.json", #"{"model_type": "llama", "quantization": {"bits": 4, "group_size": 64}}"#)
    try folder.write("model.safetensors", safetensors(Self.packed))
    let summary = try Checkpoint.summary(of: folder.path, VocabularyLengths())
    #expect(summary == (try Checkpoint.open(folder.path).summary))
    #expect(summary.parameters == 4 * 64 + 64)
    #expect(summary.architecture == "llama")
    // Half of the bytes are the norm's.
    #expect(summary.quantizationLabel == "F32")
  }

  /// Missing or wrong planes, settings of single layers and other formats.
  @Test(arguments: [
    #""quantization": {"bits": 4, "group_size": 64, "a": {"bits": 8, "group_size": 32}}"#,
    #""quantization": {"bits": 4, "group_size": 64, "a": false}"#,
    #""quantization": {"bits": 4, "group_size": 64, "mode": "x"}"#,
    #""quantization": {"bits": 4, "group_size": 32}"#,
    #""quantization_config": {"quant_method": "gptq"}"#,
    #""quantization": {"bits": 4, "group_size": 64}"#, #""other": 1"#,
  ])
  func unusualFoldersAreAsOpened(_ settings: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", #"{"model_type": "llama", \#(settings)}"#)
    let others: [(String, String, [Int], Int)] = [
      ("b.scales", "BF16", [4, 1], 8), ("b.weight", "U32", [4, 8], 128), ("b_blocks", "U8", [4, 2, 16], 128),
      ("b.weight", "I8", [4], 4), ("b.weight", "F4", [4], 2), ("b", "F16", [], 2),
    ]
    for tensors in Self.packed.indices.map({ Array(Self.packed[..<$0] + Self.packed[($0 + 1)...]) })
      + others.map({ Self.packed + [$0] })
    {
      try folder.write("model.safetensors", safetensors(tensors))
      #expect(
        try Checkpoint.summary(of: folder.path, VocabularyLengths()) == Checkpoint.open(folder.path).summary)
    }
  }
}
