import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct ModelFinderTests {
  @Test func searchedFoldersDependOnTheEnvironment() {
    func places(_ variables: [String: String], _ others: [String] = []) -> ModelPlaces {
      ModelPlaces(others: others) { variables[$0] }
    }
    let plain = places(["HOME": "/home/a"], ["~/models", "/data"])
    #expect(plain.own == "/home/a/.local/share/sotto/models")
    #expect(plain.huggingFace == "/home/a/.cache/huggingface/hub")
    #expect(plain.others == ["/home/a/models", "/data"])
    #expect(places(["HOME": "/h", "XDG_DATA_HOME": "/x"]).own == "/x/sotto/models")
    #expect(places(["HOME": "/h", "XDG_DATA_HOME": "x"]).own == "/h/.local/share/sotto/models")
    #expect(places(["HOME": "/h", "XDG_CACHE_HOME": "/c"]).huggingFace == "/c/huggingface/hub")
    #expect(plain.ollama == ["/home/a/.ollama/models", "/usr/share/ollama/.ollama/models"])
    #expect(places(["HOME": "/h", "OLLAMA_MODELS": "/o"]).ollama == ["/o"])
    #expect(plain.lmStudio == ["/home/a/.lmstudio/models", "/home/a/.cache/lm-studio/models"])
    #expect(places(["HOME": "/h", "LLAMA_CACHE": "/l"]).llamaCpp == "/l")
    #expect(places(["HOME": "/h", "HF_HOME": "/f"]).huggingFace == "/f/hub")
    #expect(places(["HOME": "/h", "HF_HOME": "/f", "HF_HUB_CACHE": "~/g"]).huggingFace == "/h/g")
  }

  /// Sotto's folder, the Hugging Face cache and another folder, with valid, damaged and unrelated files.
  private func makeFolders() throws -> (TemporaryFolder, ModelFinder) {
    let folder = try TemporaryFolder()
    try folder.copy("gguf/version3.gguf", to: "data/sotto/models/Tiny-Q4.gguf")
    try folder.copy("gguf/split", to: "data/sotto/models/deep/er/split")
    try folder.write(
      "data/sotto/models/broken.gguf", Array(try Fixture.bytes("gguf/version3.gguf").prefix(6000)))
    try folder.write("data/sotto/models/notes.txt", "x")
    try folder.copy("safetensors/mlx", to: "hub/models--mlx--packed/snapshots/1")
    try folder.write("hub/models--mlx--packed/refs/main", "1")
    try folder.write("hub/models--org--tokenizer/snapshots/1/config.json", "{}")
    try folder.copy("safetensors/sharded", to: "hub/models--org--partial/snapshots/1")
    try #require(
      unlink(folder.path + "/hub/models--org--partial/snapshots/1/model-00002-of-00002.safetensors") == 0)
    try folder.copy("gguf/aligned.gguf", to: "hub/models--org--single/snapshots/1/whatever.gguf")
    try folder.copy("safetensors/plain", to: "extra/group/plain")
    let link = folder.path + "/extra/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path + "/extra")
    let variables = [
      "HOME": "/nowhere", "OLLAMA_MODELS": "/nowhere", "XDG_DATA_HOME": folder.path + "/data",
      "HF_HUB_CACHE": folder.path + "/hub",
    ]
    return (folder, ModelFinder(ModelPlaces(others: [folder.path + "/extra"]) { variables[$0] }))
  }

  @Test func listsAllModelsAndTheirErrors() throws {
    let (_, finder) = try makeFolders()
    let entries = finder.entries()
    #expect(
      Set(entries.map(\.name)) == [
        "Tiny-Q4", "model", "broken", "packed", "partial", "single", "plain",
      ])
    // A link to an already searched folder adds no entries.
    #expect(entries.count == 7)
    let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    let tiny = try #require(byName["Tiny-Q4"])
    #expect(tiny.kind == .gguf)
    #expect(tiny.quantization == "Q4_K_M")
    #expect(tiny.architecture == "llama")
    #expect(tiny.bytes == (try Fixture.bytes("gguf/version3.gguf")).count)
    #expect(tiny.parameters ?? 0 > 1000)
    #expect(byName["broken"]?.problem?.contains("beyond the end") == true)
    #expect(byName["broken"]?.bytes == 6000)
    #expect(byName["partial"]?.problem?.contains("shard is missing") == true)
    #expect(byName["model"]?.parameters == 40)
    #expect(byName["packed"]?.kind == .safetensors)
    #expect(byName["packed"]?.problem == nil)
  }

  @Test func resolvesNamesAndPaths() throws {
    let (folder, finder) = try makeFolders()
    let tiny = folder.path + "/data/sotto/models/Tiny-Q4.gguf"
    #expect(try finder.resolve("tiny") == tiny)
    #expect(try finder.resolve(tiny) == tiny)
    // The names of files, also of a shard, without their folders.
    #expect(try finder.resolve("Tiny-Q4.gguf") == tiny && finder.resolve("tiny-q4.GGUF") == tiny)
    #expect(try finder.resolve("model-00001-of-00003.gguf") == finder.resolve("model"))
    #expect(throws: FileError.self) { try finder.resolve("/nowhere/Tiny-Q4.gguf") }
    #expect(try finder.resolve("PACKED").hasSuffix("models--mlx--packed/snapshots/1"))
    #expect(try finder.resolve(folder.path + "/extra/group/plain") == folder.path + "/extra/group/plain")
    let ambiguous = #expect(throws: FileError.self) { try finder.resolve("org/") }
    #expect(ambiguous?.kind == .ambiguous)
    #expect(ambiguous?.problem.contains("partial, single") == true)
    let missing = #expect(throws: FileError.self) { try finder.resolve("llama-9") }
    #expect(missing?.kind == .notFound)
    #expect(missing?.description.contains(folder.path + "/hub") == true)
    #expect(missing?.description.contains("Tiny-Q4") == true)
    for path in try [finder.resolve("tiny"), finder.resolve("single"), finder.resolve("model")] {
      #expect(try Checkpoint.open(path).names.isEmpty == false)
    }
  }

  @Test func emptyFoldersAreNoError() {
    let finder = ModelFinder(ModelPlaces { ["HOME": "/nowhere", "OLLAMA_MODELS": "/nowhere"][$0] })
    #expect(finder.entries().isEmpty)
    let error = #expect(throws: FileError.self) { try finder.resolve("x") }
    #expect(error?.description.contains("no models there") == true)
  }
}
