import Basics

extension ModelFinder {
  /// The path of the model that `text` refers to: a path, or a listed name or an unambiguous part of one, ignoring case.
  /// An existing file or model folder takes precedence over listed names.
  /// - Throws: `notFound` with the searched folders, or `ambiguous` with the matching models.
  public func resolve(_ text: String) throws(FileError) -> String {
    try resolveNamed(text).path
  }

  /// The path of a model as `resolve`, with the name that it is listed by; nil for a path.
  public func resolveNamed(_ text: String) throws(FileError) -> (path: String, name: String?) {
    let path = places.folders.expanding(text)
    switch FileSystem.kind(path) {
    case .file: return (path, nil)
    case .folder where ModelFolder(path).looksLikeModel: return (path, nil)
    default: break
    }
    let candidates = candidates()
    var matches = Self.match(text, candidates)
    // The name of a GGUF file without its folder.
    if matches.isEmpty, text.lowercased().hasSuffix(".gguf") {
      matches = Self.match(ModelFolder.ggufModelName(String(text.dropLast(5)) + ".gguf"), candidates)
    }
    if matches.count == 1 { return (candidates[matches[0]].path, candidates[matches[0]].name) }
    guard matches.isEmpty else {
      let names = matches.map { candidates[$0].name }
      throw FileError(.ambiguous, file: text, "matches several models: \(Self.list(names))")
    }
    let known =
      candidates.isEmpty ? "no models there" : "models there: \(Self.list(candidates.map(\.name)))"
    let searched = places.all.filter(FileSystem.isFolder)
    throw FileError(
      .notFound, file: text,
      "neither a model file or folder nor a model in "
        + "\((searched.isEmpty ? [places.own] : searched).joined(separator: ", ")) (\(known))",
      advice: "check the path, list models with 'sotto models', or download one with 'sotto pull'")
  }

  /// The name that the model at a path is listed by; nil if it is not in a searched folder.
  public func name(at path: String) -> String? {
    let path = FileSystem.canonical(path)
    guard places.all.contains(where: { path.hasPrefix(FileSystem.canonical($0) + "/") }) else { return nil }
    return candidates().first { FileSystem.canonical($0.path) == path }?.name
  }

  /// The positions of the models that a text refers to. All names of a model count.
  static func match(_ text: String, _ candidates: [ModelCandidate]) -> [Int] {
    var names: [String] = []
    var owners: [Int] = []
    for (index, candidate) in candidates.enumerated() {
      names += candidate.names
      owners += candidate.names.map { _ in index }
    }
    switch ModelMatch.find(text, in: names) {
    case .one(let index): return [owners[index]]
    case .several(let indices):
      return indices.map { owners[$0] }.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    case .none: return []
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).joined(separator: ", ")
    return names.count > 12 ? shown + " and \(names.count - 12) more" : shown
  }
}
