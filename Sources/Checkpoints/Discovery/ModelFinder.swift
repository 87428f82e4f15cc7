import Basics

/// Finds models on disk where other programs keep them: in Sotto's folder, the Hugging Face cache, the stores of Ollama,
/// LM Studio and llama.cpp, and in folders from the settings. Nothing is copied or moved.
///
/// `candidates` only lists folders. `entries` also needs the properties of every model; those of unchanged files come
/// from the index, others are read from the file's header, which takes about a millisecond each.
public struct ModelFinder: Sendable {
  /// The folders to search.
  public let places: ModelPlaces
  /// The file with the properties of known models; nil for none.
  private let indexPath: String?
  private let problem: @Sendable (CheckpointSummary) -> String?

  private static let maxDepth = 5
  private static let maxFolders = 20_000

  /// A finder for these folders.
  /// - Parameters:
  ///   - index: the path of a file that keeps the properties of models; nil to read them each time.
  ///   - problem: the reason why a model that can be opened cannot be run; nil if it can. The answer is kept in the index
  ///     until the program changes.
  public init(
    _ places: ModelPlaces = ModelPlaces(), index: String? = nil,
    problem: @escaping @Sendable (CheckpointSummary) -> String? = { _ in nil }
  ) {
    self.places = places
    indexPath = index
    self.problem = problem
  }

  /// The usual path of the index, in the folder for caches.
  public static var usualIndex: String { FileSystem.join(UserFolders().caches, "sotto/models.json") }

  /// All models in the order of the searched folders, each file once.
  public func candidates() -> [ModelCandidate] {
    var found: [ModelCandidate] = []
    var folders = 0
    for (origin, path) in places.ordered {
      switch origin {
      case .huggingFace:
        for repository in FolderContents(path)?.entries ?? [] where repository.name.hasPrefix("models--") {
          found += Self.inRepository(FileSystem.join(path, repository.name), isLink: repository.isLink)
        }
      case .ollama: found += OllamaStore.candidates(in: path)
      default: found += Self.walk(path, "", origin, depth: 0, &folders)
      }
    }
    return found.merged().shortened()
  }

  /// All models with their properties; models that cannot be opened have an error.
  public func entries() -> [ModelEntry] { entries(of: candidates()) }

  private func entries(of candidates: [ModelCandidate]) -> [ModelEntry] {
    guard let indexPath else { return ModelIndex().entries(candidates, problem).entries }
    let index = ModelIndex(reading: indexPath)
    let (entries, updated) = index.entries(candidates, problem)
    if let updated { updated.write(to: indexPath) }
    return entries
  }

  /// The models in a repository of the Hugging Face cache; none if it has no weights (only a tokenizer).
  private static func inRepository(_ path: String, isLink: Bool) -> [ModelCandidate] {
    let model = ModelFolder(path)
    // Only a link needs its path resolved for the name.
    let name = (isLink ? nil : ModelFolder.repository(of: path)) ?? model.name
    if model.hasSafetensors {
      return [ModelCandidate(name: name, path: model.path, origin: .huggingFace, names: model.names)]
    }
    // Each revision has only the files that were fetched of it.
    var folders = 0
    var names: Set<String> = []
    let others = ModelFolder.revisions(in: path).filter { $0 != model.path }
    let found = ([model.path] + others).flatMap { walk($0, "", .huggingFace, depth: 0, &folders) }
      .filter { names.insert($0.name).inserted }
    if found.count == 1, let only = found.first, FileSystem.folder(of: only.path) == model.path {
      return [ModelCandidate(name: name, path: only.path, origin: .huggingFace)]
    }
    return found.map { ModelCandidate(name: name + "/" + $0.name, path: $0.path, origin: .huggingFace) }
  }

  /// The models in a folder and its subfolders; `name` is the path of the folder relative to the searched folder, and
  /// `repository` the repository of the Hugging Face cache that the folder above it is in. The searched folder itself counts
  /// as a link: only the file system knows where it is.
  private static func walk(
    _ path: String, _ name: String, _ origin: ModelOrigin, repository: String? = nil, isLink: Bool = true,
    depth: Int, _ folders: inout Int
  ) -> [ModelCandidate] {
    folders += 1
    guard folders <= maxFolders else { return [] }
    let model = ModelFolder(path)
    // A link may lead into the cache.
    let repository = isLink ? model.repository : repository
    let name = repository ?? name
    if model.hasSafetensors {
      return [
        ModelCandidate(
          name: name.isEmpty ? model.name : name, path: model.path, origin: origin, names: model.names)
      ]
    }
    var found = model.ggufNames().map { file in
      var candidate = ModelCandidate(
        name: modelName(file, origin), path: FileSystem.join(model.path, file), origin: origin)
      if !name.isEmpty { candidate.names.append(name + "/" + candidate.name) }
      return candidate
    }
    guard depth < maxDepth else { return found }
    for (folder, isLink) in model.folders {
      let inner = FileSystem.join(model.path, folder)
      guard !isLink || !leadsUp(inner, from: model.path) else { continue }
      found += walk(
        inner, name.isEmpty ? folder : name + "/" + folder, origin,
        repository: repository, isLink: isLink, depth: depth + 1, &folders)
    }
    return found
  }

  /// Whether a link leads to the folder that it is in, or to one above it.
  private static func leadsUp(_ link: String, from folder: String) -> Bool {
    (FileSystem.canonical(folder) + "/").hasPrefix(FileSystem.canonical(link) + "/")
  }

  /// llama.cpp's cache names its files "OWNER_REPOSITORY_FILE"; repositories of GGUF files are named so.
  private static func modelName(_ file: String, _ origin: ModelOrigin) -> String {
    let name = ModelFolder.ggufModelName(file)
    guard origin == .llamaCpp, let range = name.lowercased().range(of: "-gguf_") else { return name }
    let rest = name.dropFirst(
      name.lowercased().distance(from: name.lowercased().startIndex, to: range.upperBound))
    return rest.isEmpty ? name : String(rest)
  }
}
