import Basics

extension Checkpoint {
  /// Opens the model at a path: a .gguf file (any shard of a sharded model), a .safetensors file in a folder with a
  /// config.json, a folder with config.json and safetensors, a folder with one GGUF model, a repository of the Hugging
  /// Face cache (`models--organisation--model`, with its main revision), or a manifest in Ollama's store.
  /// - Throws: `notFound`, `unreadable`, `damaged`, `truncated`, `unsupported`, `incomplete`, and
  ///   `ambiguous` for a folder with several GGUF models.
  public static func open(_ path: String) throws(FileError) -> Checkpoint {
    switch FileSystem.kind(path) {
    case .folder: return try folder(path)
    case .file: return try file(path)
    case .other:
      throw FileError(
        .unreadable, file: path, "neither a file nor a folder", advice: "give the path of a model")
    case .nothing where FileSystem.isLink(path): throw .brokenLink(path)
    case .nothing: throw FileError(.notFound, file: path, "no such file or folder")
    }
  }

  private static func file(_ path: String) throws(FileError) -> Checkpoint {
    let name = FileSystem.lastComponent(path)
    let folder = FileSystem.folder(of: path)
    if name == "config.json" || name == ModelFolder.indexName { return try self.folder(folder) }
    if OllamaManifest.isLikely(path) { return try ollama(OllamaManifest(path)) }
    guard name.hasSuffix(".safetensors") else { return try gguf(path, name: nil) }
    // One shard selects the whole model.
    let model = ModelFolder(folder)
    let files = try model.safetensorsNames().contains(name) ? model.safetensorsNames() : [name]
    return try safetensors(model, files)
  }

  private static func folder(_ path: String) throws(FileError) -> Checkpoint {
    let model = ModelFolder(path)
    let files = try model.safetensorsNames()
    if !files.isEmpty { return try safetensors(model, files) }
    let models = model.ggufNames()
    if let name = models.first {
      guard models.count == 1 else {
        throw FileError(
          .ambiguous, file: model.path, "has several models: \(models.joined(separator: ", "))",
          advice: "give the path of one of them")
      }
      return try gguf(FileSystem.join(model.path, name), name: model.repository)
    }
    guard model.has("config.json") else {
      throw FileError(.notFound, file: model.path, "no model in this folder (config.json or *.gguf)")
    }
    return Checkpoint(
      path: model.path, name: model.name, kind: .configurationOnly, configuration: try model.configuration(),
      gguf: nil, store: try SafetensorsStore([], configuration: nil))
  }

  private static func gguf(_ path: String, name: String?) throws(FileError) -> Checkpoint {
    let store = try GGUFStore(path)
    let first = store.files.first?.path ?? path
    return Checkpoint(
      path: first, name: name ?? ModelFolder.ggufModelName(FileSystem.lastComponent(first)), kind: .gguf,
      configuration: nil, gguf: store.metadata, store: store)
  }

  /// The path of the checkpoint is that of the manifest, which also names the model's template and parameters.
  private static func ollama(_ manifest: OllamaManifest) throws(FileError) -> Checkpoint {
    let store = try GGUFStore(manifest.weightsPath())
    return Checkpoint(
      path: manifest.path, name: manifest.name, kind: .gguf, configuration: nil, gguf: store.metadata,
      store: store, ollama: manifest.defaults())
  }

  private static func safetensors(_ model: ModelFolder, _ files: [String]) throws(FileError)
    -> Checkpoint
  {
    guard model.has("config.json") else {
      throw FileError(
        .incomplete, file: model.path, "config.json is missing", advice: "fetch it beside the weights")
    }
    let configuration = try model.configuration()
    var shards: [SafetensorsFile] = []
    for file in files { shards.append(try SafetensorsFile(FileSystem.join(model.path, file))) }
    return Checkpoint(
      path: model.path, name: model.name, kind: .safetensors, configuration: configuration, gguf: nil,
      store: try SafetensorsStore(shards, configuration: configuration))
  }
}
