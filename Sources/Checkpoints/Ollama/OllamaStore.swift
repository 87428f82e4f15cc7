import Basics

/// Lists the models in a store of Ollama.
enum OllamaStore {
  /// The deepest path: HOST/NAMESPACE/MODEL/TAG, with a namespace of several parts on other hosts.
  private static let maxDepth = 6

  /// The models of the store at `path`, in the order of their names. A damaged manifest is listed too: opening it
  /// tells what is wrong.
  static func candidates(in path: String) -> [ModelCandidate] {
    manifests(in: FileSystem.join(path, "manifests"), depth: 0).compactMap { file in
      guard let manifest = try? OllamaManifest(file) else {
        return ModelCandidate(
          name: OllamaManifest.storeAndName(file)?.name ?? file, path: file, origin: .ollama)
      }
      return ModelCandidate(
        name: manifest.name, path: file, origin: .ollama, weights: manifest.weights, variant: manifest.variant
      )
    }
  }

  private static func manifests(in folder: String, depth: Int) -> [String] {
    guard depth < maxDepth else { return [] }
    return FileSystem.names(in: folder).flatMap { name in
      let path = FileSystem.join(folder, name)
      return FileSystem.isFolder(path) ? manifests(in: path, depth: depth + 1) : [path]
    }
  }
}
