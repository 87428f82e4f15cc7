import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointOpeningTests {
  @Test func opensAFolder() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("safetensors/plain/"))
    #expect(checkpoint.kind == .safetensors)
    #expect(checkpoint.name == "plain")
    #expect(checkpoint.architecture == "llama")
    #expect(try checkpoint.configuration?.integer("hidden_size") == 24)
    #expect(checkpoint.gguf == nil)
    let file = try #require(try checkpoint.tokenizerFile("tokenizer_config.json"))
    #expect(try JSON(parsing: file).string("chat_template") == "{{ messages }}")
    #expect(try checkpoint.tokenizerFile("tokenizer.json") == nil)
    #expect(try checkpoint.tokenizerFile("../sharded/config.json") == nil)
    #expect(
      checkpoint.fileBytes == (try MappedFile(Fixture.path("safetensors/plain/model.safetensors"))).count)
    for advice in MappedFile.Advice.allCases { checkpoint.advise(advice) }
  }

  @Test(arguments: ["model.safetensors", "config.json"]) func aFileOpensItsFolder(name: String) throws {
    let checkpoint = try Checkpoint.open(Fixture.path("safetensors/plain/\(name)"))
    #expect(checkpoint.kind == .safetensors)
    #expect(checkpoint.contains("model.norm"))
  }

  @Test func opensAFolderWithoutWeights() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{\"model_type\": \"gpt_oss\"}")
    try folder.write("o200k_base.tiktoken", "x")
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.kind == .configurationOnly)
    #expect(checkpoint.architecture == "gpt_oss")
    #expect(checkpoint.names.isEmpty)
    #expect(try checkpoint.tokenizerFile("o200k_base.tiktoken")?.count == 1)
    let error = #expect(throws: FileError.self) { try checkpoint.weight("x") }
    #expect(error?.kind == .incomplete)
  }

  @Test func opensTheMainRevisionOfAHuggingFaceRepository() throws {
    let folder = try TemporaryFolder()
    let repository = "models--org--some-model"
    try folder.copy("safetensors/plain", to: "\(repository)/snapshots/abc")
    try folder.copy("safetensors/sharded", to: "\(repository)/snapshots/def")
    try folder.write("\(repository)/refs/main", "abc\n")
    let checkpoint = try Checkpoint.open(folder.path + "/" + repository)
    #expect(checkpoint.name == "org/some-model")
    #expect(checkpoint.path.hasSuffix("/snapshots/abc"))
    // A reference to a path outside of the folder is not followed.
    try folder.write("\(repository)/refs/main", "../../..")
    #expect(try Checkpoint.open(folder.path + "/" + repository).path.contains("/snapshots/"))
  }

  /// The message contains the quantisation method and an alternative.
  @Test(arguments: ["hqq", "bitsandbytes", "eetq"])
  func unsupportedQuantisationsAreNamed(_ method: String) throws {
    let folder = try TemporaryFolder()
    try folder.copy("safetensors/plain", to: "m")
    try folder.write(
      "m/config.json", #"{"model_type": "llama", "quantization_config": {"quant_method": "\#(method)"}}"#)
    let error = #expect(throws: FileError.self) {
      try Checkpoint.open(folder.path + "/m").weight("model.layers.0.self_attn.x_proj.weight")
    }
    #expect(error?.description.contains("quantised with '\(method)'") == true)
    #expect(error?.description.contains("GGUF") == true)
  }

  @Test func theErrorForAMissingTensorNamesAnExistingOne() throws {
    let error = #expect(throws: FileError.self) {
      try Checkpoint.open(Fixture.path("safetensors/plain")).weight("transformer.wte.weight")
    }
    #expect(error?.description.contains("transformer.wte.weight: is not among the") == true)
    #expect(error?.description.contains("such as") == true)
  }

  /// An index of missing shards, or a damaged one, next to a complete model.safetensors.
  @Test(arguments: [
    #"{"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}"#, "{", "[]",
    #"{"weight_map": {"model.norm.weight": "../x"}}"#,
  ])
  func aStaleIndexIsIgnored(_ index: String) throws {
    let folder = try TemporaryFolder()
    try folder.copy("safetensors/plain", to: "m")
    try folder.write("m/model.safetensors.index.json", index)
    for name in ["m", "m/model.safetensors", "m/config.json"] {
      #expect(try Checkpoint.open(folder.path + "/" + name).contains("model.norm"))
    }
    // Without model.safetensors, the index is required.
    try FileManager.default.removeItem(atPath: folder.path + "/m/model.safetensors")
    #expect(throws: FileError.self) { try Checkpoint.open(folder.path + "/m") }
  }

  @Test func errorsHaveKindAndFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("empty/readme.txt", "x")
    try folder.copy("gguf/version3.gguf", to: "two/a.gguf")
    try folder.copy("gguf/version3.gguf", to: "two/b.gguf")
    try folder.copy("gguf/version3.gguf", to: "one/a.gguf")
    try folder.copy("gguf/version3.gguf", to: "one/mmproj-a.gguf")
    try folder.copy("safetensors/plain/model.safetensors", to: "bare/model.safetensors")
    try folder.copy("safetensors/plain", to: "broken")
    try folder.write("broken/config.json", "{")
    let cases: [(String, FileError.Kind)] = [
      ("none", .notFound), ("empty", .notFound), ("two", .ambiguous), ("bare", .incomplete),
      ("bare/model.safetensors", .incomplete), ("broken", .damaged), ("empty/readme.txt", .truncated),
    ]
    for (name, kind) in cases {
      let error = #expect(throws: FileError.self) { try Checkpoint.open(folder.path + "/" + name) }
      #expect(error?.kind == kind, "\(name)")
      #expect(error?.file.hasPrefix(folder.path) == true)
    }
    #expect(try Checkpoint.open(folder.path + "/one").name == "a")
  }

  @Test func weightsOutliveTheCheckpoint() throws {
    func norm() throws -> Weight {
      try Checkpoint.open(Fixture.path("safetensors/plain")).weight("model.norm")
    }
    let expected = try Fixture.json("safetensors/plain/expected.json")
    #expect(crc32(try norm().values.array) == (try expected["model.norm.weight"]?.integer("crc32")))
  }
}
