import Basics

/// A probable model that has not been opened.
public struct ModelCandidate: Sendable, Equatable {
  /// The display name: short, and unique among the listed models where their full names are.
  public internal(set) var name: String
  /// All names that find the model: the full name, such as "organisation/model", and those of other places that hold the
  /// same file.
  public internal(set) var names: [String]
  /// The path for `Checkpoint.open`.
  public let path: String
  /// Where the model was found first.
  public let origin: ModelOrigin
  /// What makes two candidates the same model: the file or folder of the weights, and for a model of Ollama the layers of
  /// its manifest that change the answers.
  let identity: Identity
  /// The files that the model consists of.
  let files: ModelFingerprint.Files

  struct Identity: Hashable {
    let weights: String
    var variant: String?
  }

  /// - Parameters:
  ///   - path: a GGUF file, or a folder with the `names`.
  init(name: String, path: String, origin: ModelOrigin, names files: [String]? = nil) {
    self.name = name
    names = [name]
    self.path = path
    self.origin = origin
    identity = Identity(weights: FileSystem.identity(path))
    self.files = files.map { ModelFingerprint.Files(folder: path, names: $0) } ?? .shards(path)
  }

  /// A model of Ollama. `weights` is nil if the manifest names none, or cannot be read.
  init(name: String, manifest path: String, weights: String?, variant: String?) {
    self.name = name
    names = [name]
    self.path = path
    origin = .ollama
    identity = Identity(weights: FileSystem.identity(weights ?? path), variant: variant)
    files = ModelFingerprint.Files(folder: "", names: [path, weights].compactMap(\.self))
  }
}

extension [ModelCandidate] {
  /// One candidate for each model, in order: those that are the same become names of the first.
  func merged() -> [ModelCandidate] {
    var result: [ModelCandidate] = []
    var positions: [ModelCandidate.Identity: Int] = [:]
    for candidate in self {
      let bare = ModelCandidate.Identity(weights: candidate.identity.weights)
      guard
        let position = positions[candidate.identity]
          ?? (candidate.identity.variant == nil ? positions[bare] : nil)
      else {
        positions[candidate.identity] = result.count
        // The first name of weights is also that of their other places.
        if positions[bare] == nil { positions[bare] = result.count }
        result.append(candidate)
        continue
      }
      for name in candidate.names where !result[position].names.contains(name) {
        result[position].names.append(name)
      }
    }
    return result
  }

  /// The candidates with short names: without "organisation/" where that is unique, otherwise the first of their names
  /// that is, otherwise the path.
  func shortened() -> [ModelCandidate] {
    func counts(_ names: [String]) -> [String: Int] {
      names.reduce(into: [:]) { $0[$1.lowercased(), default: 0] += 1 }
    }
    let short = map { $0.name.split(separator: "/").last.map(String.init) ?? $0.name }
    let (shortCounts, fullCounts) = (counts(short), counts(flatMap(\.names)))
    return zip(self, short).map { candidate, short in
      var candidate = candidate
      candidate.name =
        shortCounts[short.lowercased()] == 1
        ? short : candidate.names.first { fullCounts[$0.lowercased()] == 1 } ?? candidate.path
      if !candidate.names.contains(candidate.name) { candidate.names.insert(candidate.name, at: 0) }
      return candidate
    }
  }
}
