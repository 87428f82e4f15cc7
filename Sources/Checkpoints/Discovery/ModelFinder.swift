import Basics

/// Finds models on disk: in Sotto's folder, in the Hugging Face cache and in folders from the settings.
///
/// `candidates` only lists folders; `entries` also opens every model, in a few milliseconds each. Results are not cached.
public struct ModelFinder: Sendable {
  /// The folders to search.
  public let places: ModelPlaces

  private static let maxDepth = 5
  private static let maxFolders = 20_000

  /// A finder for these folders.
  public init(_ places: ModelPlaces = ModelPlaces()) { self.places = places }

  /// A probable model that has not been opened.
  public struct Candidate: Sendable, Equatable {
    /// The display name: the name of a GGUF file without extension, "organisation/model" in the Hugging Face cache, or
    /// the path of a folder relative to the searched folder.
    public let name: String
    /// The path for `Checkpoint.open`.
    public let path: String
  }

  /// All models in the order of the searched folders and then of names, without duplicates by resolved path.
  public func candidates() -> [Candidate] {
    var found: [Candidate] = []
    var folders = 0
    for repository in FileSystem.names(in: places.huggingFace) where repository.hasPrefix("models--") {
      found += Self.inRepository(FileSystem.join(places.huggingFace, repository))
    }
    let own = Self.walk(places.own, "", depth: 0, &folders)
    let others = places.others.flatMap { Self.walk($0, "", depth: 0, &folders) }
    var seen: Set<String> = []
    return (own + found + others).filter { seen.insert(FileSystem.canonical($0.path)).inserted }
  }

  /// All models with their properties; models that cannot be opened have an error.
  public func entries() -> [ModelEntry] { candidates().map(ModelEntry.init) }

  /// The models in a repository of the Hugging Face cache; none if it has no weights (only a tokenizer).
  private static func inRepository(_ path: String) -> [Candidate] {
    let model: ModelFolder
    do { model = try ModelFolder(path) } catch { return [] }
    if model.hasSafetensors { return [Candidate(name: model.name, path: model.path)] }
    let files = model.ggufNames()
    if files.count == 1 {
      return [Candidate(name: model.name, path: FileSystem.join(model.path, files[0]))]
    }
    var folders = 0
    return walk(model.path, "", depth: 0, &folders).map {
      Candidate(name: model.name + "/" + $0.name, path: $0.path)
    }
  }

  /// The models in a folder and its subfolders; `name` is the path of the folder relative to the searched folder.
  private static func walk(_ path: String, _ name: String, depth: Int, _ folders: inout Int) -> [Candidate] {
    folders += 1
    guard folders <= maxFolders, let model = try? ModelFolder(path) else { return [] }
    let name = model.repository ?? name
    if model.hasSafetensors { return [Candidate(name: name.isEmpty ? model.name : name, path: model.path)] }
    var found = model.ggufNames().map {
      Candidate(name: ModelFolder.ggufModelName($0), path: FileSystem.join(model.path, $0))
    }
    guard depth < maxDepth else { return found }
    for folder in model.names {
      let inner = FileSystem.join(model.path, folder)
      guard FileSystem.isFolder(inner) else { continue }
      found += walk(inner, name.isEmpty ? folder : name + "/" + folder, depth: depth + 1, &folders)
    }
    return found
  }

  /// The path of the model that `text` refers to: a path, or a listed name or an unambiguous part of one, ignoring case.
  /// An existing file or model folder takes precedence over listed names.
  /// - Throws: `notFound` with the searched folders, or `ambiguous` with the matching models.
  public func resolve(_ text: String) throws(FileError) -> String {
    let path = places.folders.expanding(text)
    switch FileSystem.kind(path) {
    case .file: return path
    case .folder where (try? ModelFolder(path))?.looksLikeModel == true: return path
    default: break
    }
    let candidates = candidates()
    switch ModelMatch.find(text, in: candidates.map(\.name)) {
    case .one(let index): return candidates[index].path
    case .several(let indices):
      let names = indices.map { candidates[$0].name }
      // Models with the same name are listed by path.
      let shown = Set(names).count == names.count ? names : indices.map { candidates[$0].path }
      throw FileError(.ambiguous, file: text, "matches several models: \(Self.list(shown))")
    case .none:
      let known =
        candidates.isEmpty ? "no models there" : "models there: \(Self.list(candidates.map(\.name)))"
      throw FileError(
        .notFound, file: text,
        "neither a model file or folder nor a model in \(places.all.joined(separator: ", ")) (\(known))")
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).joined(separator: ", ")
    return names.count > 12 ? shown + " and \(names.count - 12) more" : shown
  }
}

/// A model on disk and its properties.
public struct ModelEntry: Sendable, Equatable {
  /// The display name.
  public let name: String
  /// The path for `Checkpoint.open`.
  public let path: String
  /// The format; nil, like the following properties, if the model cannot be opened.
  public let kind: Checkpoint.Kind?
  /// The total size of the weight files in bytes, also if the model cannot be opened.
  public let bytes: Int
  /// The quantisation label, such as "Q4_K_M", "BF16" or "4-bit g64".
  public let quantization: String?
  /// The architecture, such as "llama" or "gpt_oss".
  public let architecture: String?
  /// The number of parameters.
  public let parameters: Int?
  /// The error if the model cannot be opened.
  public let error: FileError?

  /// Opens the candidate, reads its properties and closes it again.
  init(_ candidate: ModelFinder.Candidate) {
    name = candidate.name
    path = candidate.path
    do {
      let checkpoint = try Checkpoint.open(candidate.path)
      kind = checkpoint.kind
      bytes = checkpoint.fileBytes
      quantization = checkpoint.quantizationLabel
      architecture = checkpoint.architecture
      parameters = checkpoint.parameters
      error = nil
    } catch {
      kind = nil
      bytes = ModelFolder.weightBytes(candidate.path)
      quantization = nil
      architecture = nil
      parameters = nil
      self.error = error
    }
  }
}
