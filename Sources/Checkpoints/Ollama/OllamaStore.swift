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
          name: OllamaManifest.storeAndName(file)?.name ?? file, manifest: file, weights: nil, variant: nil)
      }
      return ModelCandidate(
        name: manifest.name, manifest: file, weights: manifest.weights, variant: manifest.variant)
    }
  }

  private static func manifests(in folder: String, depth: Int) -> [String] {
    guard depth < maxDepth, let contents = FolderContents(folder) else { return [] }
    return contents.entries.flatMap { entry in
      let path = FileSystem.join(folder, entry.name)
      return contents.kind(of: entry) == .folder ? manifests(in: path, depth: depth + 1) : [path]
    }
  }
}
