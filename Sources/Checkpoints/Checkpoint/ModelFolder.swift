import Basics

/// A folder that may hold a model: which of its files are the weights.
struct ModelFolder {
  /// The folder with the files; for a folder of the Hugging Face cache that of the revision.
  let path: String
  /// "organisation/model" in the Hugging Face cache.
  let repository: String?
  /// What is in the folder, in ascending order.
  let names: [String]

  static let indexName = "model.safetensors.index.json"

  /// Lists the folder at `path`, or the revision in it where it is one of the Hugging Face cache.
  init(_ path: String) throws(FileError) {
    var folder = path
    var contents = FileSystem.names(in: path)
    if contents.contains("snapshots"), let snapshot = try Self.snapshot(in: path) {
      folder = snapshot
      contents = FileSystem.names(in: snapshot)
    }
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.path = folder
    names = contents
    repository = Self.repository(of: FileSystem.canonical(path))
  }

  /// For people: the repository, or the folder's own name.
  var name: String { repository ?? FileSystem.lastComponent(FileSystem.canonical(path)) }

  func has(_ name: String) -> Bool { names.contains(name) }

  /// Whether there are safetensors, or an index that says there should be.
  var hasSafetensors: Bool { names.contains { $0.hasSuffix(".safetensors") || $0 == Self.indexName } }

  /// Whether `Checkpoint.open` would try this folder.
  var looksLikeModel: Bool { hasSafetensors || has("config.json") || !ggufNames().isEmpty }

  /// config.json.
  func configuration() throws(FileError) -> JSON {
    try Self.json(FileSystem.join(path, "config.json"))
  }

  /// The files with the weights: those that the index names, or model.safetensors, or all "model…" ones,
  /// or all.
  ///
  /// An index that names missing files is ignored where model.safetensors exists: it is left from a version of
  /// the model in several parts.
  func safetensorsNames() throws(FileError) -> [String] {
    let isWhole = has("model.safetensors")
    if has(Self.indexName) {
      do { return try indexedNames() } catch { if !isWhole { throw error } }
    }
    if isWhole { return ["model.safetensors"] }
    let all = names.filter { $0.hasSuffix(".safetensors") }
    let named = all.filter { $0.hasPrefix("model") }
    let files = named.isEmpty ? all : named
    if let part = files.lazy.compactMap({ ShardName($0, suffix: ".safetensors") }).first {
      for index in 1...part.count where !files.contains(part.name(index)) {
        throw FileError(
          .incomplete, file: FileSystem.join(path, part.name(index)), "this part is missing")
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
          .damaged, file: file, place: "weight_map, \(tensor)", "is not the name of a file")
      }
      files.insert(name)
    }
    for name in files.sorted() where !FileSystem.isFile(FileSystem.join(path, name)) {
      throw FileError(.incomplete, file: FileSystem.join(path, name), "this part is missing")
    }
    return files.sorted()
  }

  /// The GGUF models: files by themselves and first parts, without vision projectors.
  func ggufNames() -> [String] {
    names.filter { Self.isGGUFModel($0) }
  }

  static func isGGUFModel(_ name: String) -> Bool {
    name.hasSuffix(".gguf") && !name.hasPrefix("mmproj")
      && (ShardName(name, suffix: ".gguf")?.index ?? 1) == 1
  }

  /// The name of the model in a GGUF file: without ending and part number.
  static func ggufModelName(_ name: String) -> String {
    ShardName(name, suffix: ".gguf")?.stem ?? name.without(suffix: ".gguf") ?? name
  }

  /// The size of a file, or of the files with weights in a folder.
  static func weightBytes(_ path: String) -> Int {
    guard FileSystem.isFolder(path) else { return FileSystem.size(path).bytes }
    let files = FileSystem.names(in: path).filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".gguf") }
    return files.reduce(0) { $0 + FileSystem.size(FileSystem.join(path, $1)).bytes }
  }

  static func json(_ file: String) throws(FileError) -> JSON {
    let bytes = try MappedFile(file).bytes
    do { return try JSON(parsing: bytes) } catch {
      throw FileError(.damaged, file: file, "not JSON: \(error)")
    }
  }

  // The Hugging Face cache: models--ORGANISATION--MODEL/{refs/main, snapshots/REVISION}.

  /// The folder of the main revision, or of the latest where that is not there.
  private static func snapshot(in path: String) throws(FileError) -> String? {
    let folder = FileSystem.join(path, "snapshots")
    let reference = FileSystem.join(path, "refs/main")
    if FileSystem.isFile(reference), let file = try? MappedFile(reference), file.count <= 200 {
      let text = file.bytes.text ?? ""
      let revision = text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
      let main = FileSystem.join(folder, revision)
      if FileSystem.isPlainName(revision), FileSystem.isFolder(main) { return main }
    }
    let revisions = FileSystem.names(in: folder).map { FileSystem.join(folder, $0) }
    return revisions.filter(FileSystem.isFolder).max {
      FileSystem.size($0).modified < FileSystem.size($1).modified
    }
  }

  /// "organisation/model" for a path within models--organisation--model.
  static func repository(of path: String) -> String? {
    let component = path.split(separator: "/").last { $0.hasPrefix("models--") }
    guard let component else { return nil }
    return component.dropFirst("models--".count).split(separator: "--").joined(separator: "/")
  }
}
