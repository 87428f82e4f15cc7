import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

/// Models in the stores of Ollama, LM Studio and llama.cpp.
@Suite struct ForeignStoreTests {
  private let folder: TemporaryFolder
  private let finder: ModelFinder

  init() throws {
    folder = try TemporaryFolder()
    let path = folder.path
    let variables = [
      "HOME": path, "XDG_DATA_HOME": path + "/data", "OLLAMA_MODELS": path + "/ollama",
      "LLAMA_CACHE": path + "/llama",
    ]
    finder = ModelFinder(
      ModelPlaces { variables[$0] }, index: path + "/index.json",
      problem: { $0.kind == .gguf ? nil : "not GGUF" })
  }

  /// Writes a manifest with these layers; digests are the texts themselves.
  private func manifest(_ name: String, _ layers: [(type: String, digest: String)]) throws {
    let list = layers.map {
      #"{"mediaType": "application/vnd.ollama.image.\#($0.type)", "digest": "sha256:\#($0.digest)", "size": 1}"#
    }
    try folder.write(
      "ollama/manifests/\(name)", #"{"schemaVersion": 2, "layers": [\#(list.joined(separator: ","))]}"#)
  }

  /// Another program fetched a new revision's tokenizer only, and files of several revisions.
  @Test func allRevisionsOfARepositoryAreSearched() throws {
    let hub = ".cache/huggingface/hub/"
    try folder.copy("safetensors/plain", to: hub + "models--org--old/snapshots/1")
    try folder.write(hub + "models--org--old/snapshots/2/config.json", "{}")
    try folder.write(hub + "models--org--old/refs/main", "2")
    try folder.copy("gguf/version3.gguf", to: hub + "models--org--files/snapshots/1/A-Q4_0.gguf")
    try folder.copy("gguf/aligned.gguf", to: hub + "models--org--files/snapshots/2/A-Q8_0.gguf")
    try folder.copy("gguf/aligned.gguf", to: hub + "models--org--files/snapshots/1/A-Q8_0.gguf")
    try folder.write(hub + "models--org--files/refs/main", "2")
    let entries = finder.entries()
    #expect(entries.map(\.name) == ["A-Q8_0", "A-Q4_0", "old"])
    #expect(entries[0].path.contains("/snapshots/2/") && entries[1].path.contains("/snapshots/1/"))
    #expect(entries[2].path.hasSuffix("/snapshots/1"))
  }

  /// One line each: what is wrong, where, and what to do.
  @Test func missingPartsAreNamed() throws {
    try folder.write(".cache/huggingface/hub/models--org--link/refs/main", "1")
    try folder.write(".cache/huggingface/hub/models--org--link/snapshots/1/README.md", "x")
    let link = folder.path + "/.cache/huggingface/hub/models--org--link/snapshots/1/a.gguf"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../../blobs/none")
    try folder.copy("gguf/split", to: "llama/split")
    let shard = folder.path + "/llama/split/model-00002-of-00003.gguf"
    try #require(unlink(shard) == 0)
    try folder.write("ollama/manifests/registry.ollama.ai/library/cloud/120b", #"{"layers": []}"#)
    let entries = finder.entries()
    #expect(entries.map(\.name) == ["link", "cloud:120b", "model"])
    try #require(entries.count == 3)
    #expect(entries[0].problem?.hasPrefix("\(link): the link points to a file that does not exist") == true)
    #expect(entries[1].bytes == 0)
    #expect(entries[2].problem == "\(shard): this shard is missing; download it into the same folder")
  }

  @Test func aLinkToAFolderAboveAddsNoNames() throws {
    try folder.copy("gguf/version3.gguf", to: "llama/z/A.gguf")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/llama/b", withIntermediateDirectories: true)
    for (link, target) in [("b/loop", "../../llama"), ("b/self", ".")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/llama/" + link, withDestinationPath: target)
    }
    let entry = try #require(finder.entries().first)
    #expect(finder.entries().count == 1)
    #expect(entry.names == ["A", "z/A"])
  }

  private func fillOllama() throws {
    try folder.copy("gguf/version3.gguf", to: "ollama/blobs/sha256-aa")
    try folder.write("ollama/blobs/sha256-bb", "{{ .Prompt }}<|im_start|><|im_end|>")
    try folder.write("ollama/blobs/sha256-cc", "Be brief.")
    try folder.write(
      "ollama/blobs/sha256-dd",
      #"{"stop": ["<|im_end|>", "User:"], "temperature": 0.6, "top_k": 20, "num_ctx": "x"}"#)
    try manifest(
      "registry.ollama.ai/library/qwen3/4b", [("model", "aa"), ("template", "bb"), ("params", "dd")])
    try manifest(
      "registry.ollama.ai/library/qwen3/latest", [("model", "aa"), ("template", "bb"), ("params", "dd")])
    try manifest(
      "registry.ollama.ai/me/brief/latest", [("model", "aa"), ("template", "bb"), ("system", "cc")])
    try manifest("hf.co/org/repo-GGUF/Q4_K_M", [("model", "missing")])
    try folder.write("ollama/manifests/registry.ollama.ai/library/odd/latest", "[1, 2]")
  }

  @Test func manifestsOfOllamaAreModels() throws {
    try fillOllama()
    let entries = finder.entries()
    #expect(entries.map(\.name) == ["repo-GGUF:Q4_K_M", "odd:latest", "qwen3:4b", "brief:latest"])
    #expect(entries.allSatisfy { $0.origin == .ollama })
    // The same layers with another tag are another name; other layers are another model.
    #expect(entries[2].names == ["qwen3:4b", "qwen3:latest"])
    #expect(entries[2].problem == nil && entries[2].architecture == "llama")
    #expect(entries[0].problem?.contains("ollama pull hf.co/org/repo-GGUF:Q4_K_M") == true)
    #expect(entries[1].problem?.contains("not a manifest") == true)
    #expect(try finder.resolve("qwen3:latest") == entries[2].path)

    let model = try Checkpoint.open(finder.resolve("qwen3:4b"))
    #expect(model.name == "qwen3:4b" && model.names.isEmpty == false)
    let defaults = try #require(model.ollama)
    #expect(defaults.template?.hasPrefix("{{ .Prompt }}") == true)
    #expect(defaults.stopStrings == ["<|im_end|>", "User:"])
    #expect(defaults.system == nil)
    #expect(model.recommendedSampling.temperature == 0.6 && model.recommendedSampling.topK == 20)
    #expect(try Checkpoint.open(finder.resolve("brief")).ollama?.system == "Be brief.")
  }

  @Test func foldersOfLMStudioAndLlamaCppAreSearched() throws {
    try folder.copy(
      "gguf/version3.gguf", to: ".lmstudio/models/lmstudio-community/Tiny-GGUF/Tiny-Q4_K_M.gguf")
    try folder.write(".lmstudio/models/lmstudio-community/Tiny-GGUF/mmproj-Tiny-F16.gguf", "x")
    try folder.copy("safetensors/mlx", to: ".lmstudio/models/mlx-community/packed")
    try folder.copy("gguf/aligned.gguf", to: "llama/org_Small-GGUF_Small-F32.gguf")
    try folder.copy("gguf/split", to: "llama/split")
    let entries = finder.entries()
    #expect(entries.map(\.name) == ["Tiny-Q4_K_M", "packed", "Small-F32", "model"])
    #expect(entries.map(\.origin) == [.lmStudio, .lmStudio, .llamaCpp, .llamaCpp])
    #expect(try finder.resolve("mlx-community/packed").hasSuffix("/packed"))
    #expect(entries[1].problem == "not GGUF" && entries[0].problem == nil)
  }

  @Test func theSameFileIsOneEntryWithTwoNames() throws {
    let file = try folder.copy("gguf/version3.gguf", to: "data/sotto/models/One.gguf")
    try FileManager.default.createDirectory(atPath: folder.path + "/llama", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/llama/Two.gguf", withDestinationPath: file)
    let entries = finder.entries()
    #expect(entries.map(\.name) == ["One"])
    #expect(entries.first?.names == ["One", "Two"])
    #expect(try finder.resolve("two") == file)
  }

  @Test func equalShortNamesKeepTheirOrganisations() throws {
    try folder.copy("safetensors/mlx", to: "llama/a/packed")
    try folder.copy("safetensors/mlx", to: "llama/b/packed")
    #expect(finder.entries().map(\.name) == ["a/packed", "b/packed"])
  }

  @Test func theIndexNoticesChanges() throws {
    let file = try folder.copy("gguf/version3.gguf", to: "llama/Tiny.gguf")
    let first = finder.entries()
    #expect(FileManager.default.fileExists(atPath: folder.path + "/index.json"))
    #expect(finder.entries() == first)
    // An entry of the index is used as it is.
    let index = try String(contentsOfFile: folder.path + "/index.json", encoding: .utf8)
    try folder.write("index.json", index.replacingOccurrences(of: "\"llama\"", with: "\"known\""))
    #expect(finder.entries().map(\.architecture) == ["known"])
    try FileManager.default.removeItem(atPath: file)
    try folder.write("llama/Tiny.gguf", "not a model")
    #expect(finder.entries().first?.problem?.contains("not a GGUF file") == true)
    for damaged in ["", "{", "[]", #"{"program": 3}"#] {
      try folder.write("index.json", damaged)
      #expect(finder.entries().count == 1)
    }
  }

  @Test func aBrokenLinkIsNamed() throws {
    let snapshot = folder.path + "/llama/models--org--gone/snapshots/1"
    try FileManager.default.createDirectory(atPath: snapshot, withIntermediateDirectories: true)
    try folder.write("llama/models--org--gone/snapshots/1/config.json", "{}")
    try FileManager.default.createSymbolicLink(
      atPath: snapshot + "/model.safetensors", withDestinationPath: "../../blobs/none")
    #expect(
      finder.entries().first?.problem?.contains("the link points to a file that does not exist") == true)
  }
}
