import Basics

/// A folder that may contain a model; determines the weight files.
struct ModelFolder {
  /// The folder with the files; the revision folder for a repository of the Hugging Face cache.
  let path: String
  /// "organisation/model" for a repository of the Hugging Face cache, otherwise nil. It resolves links.
  var repository: String? { Self.repository(of: FileSystem.canonical(path)) }
  /// What is in the folder.
  private let contents: FolderContents?
  /// The names in the folder, in ascending order.
  let names: [String]

  static let indexName = "model.safetensors.index.json"

  /// Lists the folder at `path`, or its revision folder for a repository of the Hugging Face cache.
  init(_ path: String) {
    var folder = path
    var contents = FolderContents(path)
    if contents?.entries.contains(where: { $0.name == "snapshots" }) == true,
      let snapshot = Self.snapshot(in: path)
    {
      (folder, contents) = (snapshot.path, snapshot)
    }
    self.path = FileSystem.withoutTrailingSlashes(folder)
    self.contents = contents
    names = (contents?.entries ?? []).map(\.name)
  }

  /// The folders in this folder whose names are not those of a model's files, and whether they are links.
  var folders: [(name: String, isLink: Bool)] {
    guard let contents else { return [] }
    return contents.entries.filter { !Self.isFileName($0.name) && contents.kind(of: $0) == .folder }
      .map { ($0.name, $0.isLink) }
  }

  /// Whether a name is one of the files that model folders consist of, so that it need not be examined.
  private static func isFileName(_ name: String) -> Bool {
    [".gguf", ".safetensors", ".json", ".txt", ".md", ".jinja"].contains { name.hasSuffix($0) }
  }

  /// The display name: the repository, or the name of the folder.
  var name: String { repository ?? FileSystem.lastComponent(FileSystem.canonical(path)) }

  func has(_ name: String) -> Bool { names.contains(name) }

  /// Whether there are safetensors files or an index of them.
  var hasSafetensors: Bool { names.contains { $0.hasSuffix(".safetensors") || $0 == Self.indexName } }

  /// Whether there is a file with a vocabulary.
  var hasVocabulary: Bool {
    names.contains { $0.hasSuffix(".tiktoken") || Self.vocabularyNames.contains($0) }
  }

  private static let vocabularyNames = [
    "tokenizer.json", "tokenizer.model", "tekken.json", "tiktoken.model", "rwkv_vocab_v20230424.txt",
    "tokenizer.jsonl",
  ]

  /// Whether `Checkpoint.open` can try to open this folder.
  var looksLikeModel: Bool { hasSafetensors || has("config.json") || !ggufNames().isEmpty }

  /// The parsed config.json.
  func configuration() throws(FileError) -> JSON {
    try Self.json(FileSystem.join(path, "config.json"))
  }

  /// The weight files: those of the index, otherwise model.safetensors, otherwise those with the prefix "model",
  /// otherwise all safetensors files.
  ///
  /// If model.safetensors exists, an index with missing files is ignored: it is a remnant of a sharded version of the
  /// model.
  func safetensorsNames() throws(FileError) -> [String] {
    let isSingleFile = has("model.safetensors")
    if has(Self.indexName) {
      do { return try indexedNames() } catch { if !isSingleFile { throw error } }
    }
    if isSingleFile { return ["model.safetensors"] }
    let all = names.filter { $0.hasSuffix(".safetensors") }
    let named = all.filter { $0.hasPrefix("model") }
    let files = named.isEmpty ? all : named
    if let part = files.lazy.compactMap({ ShardName($0, suffix: ".safetensors") }).first {
      for index in 1...part.count where !files.contains(part.name(index)) {
        throw FileError(
          .incomplete, file: FileSystem.join(path, part.name(index)), "this shard is missing")
      }
    }
    return files
  }

  private func indexedNames() throws(FileError) -> [String] {
    let file = FileSystem.join(path, Self.indexName)
    let index = try Self.json(file)
    let map: JSONObject
    do { map = try index.object("weight_map") } catch {
      throw FileError(.damaged, file: file, "\(error)")
    }
    var files: Set<String> = []
    for (tensor, value) in map {
      guard case .string(let name) = value, FileSystem.isPlainName(name), name.hasSuffix(".safetensors")
      else {
        throw FileError(
          .damaged, file: file, place: "weight_map, \(tensor)", "not the name of a .safetensors file")
      }
      files.insert(name)
    }
    for name in files.sorted() where !FileSystem.isFile(FileSystem.join(path, name)) {
      throw FileError(.incomplete, file: FileSystem.join(path, name), "this shard is missing")
    }
    return files.sorted()
  }

  /// The GGUF models: single files and first shards, without vision projectors.
  func ggufNames() -> [String] {
    names.filter { Self.isGGUFModel($0) }
  }

  static func isGGUFModel(_ name: String) -> Bool {
    name.hasSuffix(".gguf") && !name.lowercased().contains("mmproj")
      && (ShardName(name, suffix: ".gguf")?.index ?? 1) == 1
  }

  /// The model name of a GGUF file: the file name without extension and shard number.
  static func ggufModelName(_ name: String) -> String {
    ShardName(name, suffix: ".gguf")?.stem ?? name.without(suffix: ".gguf") ?? name
  }

  /// The size of a file, or of the weight files in a folder.
  static func weightBytes(_ path: String) -> Int {
    guard FileSystem.isFolder(path) else {
      guard let manifest = OllamaManifest.ifManifest(path) else { return FileSystem.size(path).bytes }
      return manifest.weights.map { FileSystem.size($0).bytes } ?? 0
    }
    let files = FileSystem.names(in: path).filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".gguf") }
    return files.reduce(0) { $0 + FileSystem.size(FileSystem.join(path, $1)).bytes }
  }

  static func json(_ file: String) throws(FileError) -> JSON {
    let bytes = try MappedFile(file).bytes
    do { return try JSON(parsing: bytes) } catch {
      throw FileError(.damaged, file: file, "not JSON: \(error)")
    }
  }

  // The layout of the Hugging Face cache: models--ORGANISATION--MODEL/{refs/main, snapshots/REVISION}.

  /// The folder of the main revision if it has weights, otherwise of the latest one with weights: another program may
  /// have fetched only the tokenizer or the configuration of a new revision.
  private static func snapshot(in path: String) -> FolderContents? {
    let main = mainSnapshot(in: path)
    if let main, hasWeights(main) { return main }
    let revisions = revisions(in: path).compactMap { FolderContents($0) }
    return revisions.first(where: hasWeights) ?? main ?? revisions.first
  }

  private static func hasWeights(_ contents: FolderContents) -> Bool {
    contents.entries.contains { $0.name.hasSuffix(".safetensors") || isGGUFModel($0.name) }
  }

  /// The folders of all revisions of a repository, the latest first.
  static func revisions(in path: String) -> [String] {
    let folder = FileSystem.join(path, "snapshots")
    let revisions = FileSystem.names(in: folder).map { FileSystem.join(folder, $0) }.filter(
      FileSystem.isFolder)
    return revisions.count < 2
      ? revisions : revisions.sorted { FileSystem.size($0).modified > FileSystem.size($1).modified }
  }

  private static func mainSnapshot(in path: String) -> FolderContents? {
    guard let text = FileReader.content(of: FileSystem.join(path, "refs/main"), limit: 200)?.text,
      let revision = text.split(whereSeparator: \.isWhitespace).first.map(String.init),
      FileSystem.isPlainName(revision)
    else { return nil }
    return FolderContents(FileSystem.join(path, "snapshots/" + revision))
  }

  /// "organisation/model" for a path inside of models--organisation--model.
  static func repository(of path: String) -> String? {
    let component = path.split(separator: "/").last { $0.hasPrefix("models--") }
    guard let component else { return nil }
    return component.dropFirst("models--".count).split(separator: "--").joined(separator: "/")
  }
}
