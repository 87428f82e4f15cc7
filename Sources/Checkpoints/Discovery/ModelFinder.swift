import Basics

/// Finds models on disk: in Sotto's folder, in the Hugging Face cache and in folders from the settings.
///
/// `candidates` only lists folders; `entries` also opens every model's head, a few milliseconds each.
/// Nothing is kept: both look anew each time.
public struct ModelFinder: Sendable {
  /// The folders that are searched.
  public let places: ModelPlaces

  private static let deepestFolder = 5
  private static let mostFolders = 20_000

  /// A finder for these folders.
  public init(_ places: ModelPlaces = ModelPlaces()) { self.places = places }

  /// Something that should be a model, unopened.
  public struct Candidate: Sendable, Equatable {
    /// What a person calls it: a GGUF file's name without ending, "organisation/model" in the Hugging Face
    /// cache, a folder's path within the folder searched.
    public let name: String
    /// What `Checkpoint.open` takes.
    public let path: String
  }

  /// All models in the order of the places and then of names; one that is reached twice counts once.
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

  /// All models with what their heads say; damaged ones with their error.
  public func entries() -> [ModelEntry] { candidates().map(ModelEntry.init) }

  /// A repository of the Hugging Face cache; nothing where it has no weights (a tokenizer alone).
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

  /// The models in a folder and the folders within; `name` is the folder's path from the place searched.
  private static func walk(_ path: String, _ name: String, depth: Int, _ folders: inout Int) -> [Candidate] {
    folders += 1
    guard folders <= mostFolders, let model = try? ModelFolder(path) else { return [] }
    let name = model.repository ?? name
    if model.hasSafetensors { return [Candidate(name: name.isEmpty ? model.name : name, path: model.path)] }
    var found = model.ggufNames().map {
      Candidate(name: ModelFolder.ggufModelName($0), path: FileSystem.join(model.path, $0))
    }
    guard depth < deepestFolder else { return found }
    for folder in model.names {
      let inner = FileSystem.join(model.path, folder)
      guard FileSystem.isFolder(inner) else { continue }
      found += walk(inner, name.isEmpty ? folder : name + "/" + folder, depth: depth + 1, &folders)
    }
    return found
  }

  /// The path of the model that a person means by `text`: a path, or a listed name or part of one, whatever
  /// its case, as long as it fits one model only. A file or model folder of that name wins over the list.
  /// - Throws: `notFound`, which says where was looked, and `ambiguous`, which lists the candidates.
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
      // Models of one name are told apart by their paths.
      let shown = Set(names).count == names.count ? names : indices.map { candidates[$0].path }
      throw FileError(.ambiguous, file: text, "fits several models: \(Self.list(shown))")
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

/// A model on disk and what its head says of it.
public struct ModelEntry: Sendable, Equatable {
  /// What a person calls it.
  public let name: String
  /// What `Checkpoint.open` takes.
  public let path: String
  /// What it is stored as; nil where it cannot be opened, like what follows.
  public let kind: Checkpoint.Kind?
  /// The size of its weights in bytes; of a damaged one that of its files.
  public let bytes: Int
  /// "Q4_K_M", "BF16", "4-bit g64".
  public let quantization: String?
  /// "llama", "gpt_oss".
  public let architecture: String?
  /// How many numbers its weights hold.
  public let parameters: Int?
  /// Why it cannot be opened.
  public let error: FileError?

  /// Opens the candidate's head and closes it again.
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
