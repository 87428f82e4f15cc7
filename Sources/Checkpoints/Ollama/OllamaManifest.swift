import Basics

/// A manifest of Ollama's store: a model is a list of layers, each a blob named by its SHA-256.
///
/// The layout of a store: `manifests/HOST/NAMESPACE/MODEL/TAG` is a JSON file of the image format of container
/// registries, and `blobs/sha256-DIGEST` are the layers.
struct OllamaManifest {
  /// The path of the manifest.
  let path: String
  /// The name as Ollama shows it: "qwen3:4b", "user/model:tag", "hf.co/user/model:tag".
  let name: String
  private let blobs: String
  private let layers: [(type: String, digest: String)]

  private static let typePrefix = "application/vnd.ollama.image."
  private static let maxBytes = 1 << 20

  /// Reads a manifest.
  /// - Throws: `damaged` if the file is not a manifest, and the errors of reading it.
  init(_ path: String) throws(FileError) {
    self.path = path
    let file = try FileReader(path)
    func damaged(_ problem: String) -> FileError {
      FileError(.damaged, file: path, problem, advice: "pull the model again with ollama")
    }
    guard file.count <= Self.maxBytes, let json = try? JSON(parsing: file.read(file.count)),
      let layers = json["layers"]?.asArray
    else { throw damaged("not a manifest of Ollama") }
    self.layers = layers.compactMap { layer in
      guard let type = layer["mediaType"]?.asString, type.hasPrefix(Self.typePrefix),
        let digest = layer["digest"]?.asString
      else { return nil }
      return (String(type.dropFirst(Self.typePrefix.count)), digest)
    }
    guard let (store, name) = Self.storeAndName(path) else {
      throw damaged("not in a folder \"manifests\" of Ollama's store")
    }
    blobs = FileSystem.join(store, "blobs")
    self.name = name
  }

  /// The store and the name of the model for the path of a manifest, STORE/manifests/HOST/NAMESPACE/MODEL/TAG; nil for
  /// other paths.
  static func storeAndName(_ path: String) -> (store: String, name: String)? {
    let parts = path.split(separator: "/").map(String.init)
    guard let root = parts.lastIndex(of: "manifests"), parts.count > root + 2 else { return nil }
    let store = (path.hasPrefix("/") ? "/" : "") + parts[..<root].joined(separator: "/")
    return (store, name(Array(parts[(root + 1)...])))
  }

  /// Whether the path and the size of a file are those of a manifest.
  static func isLikely(_ path: String) -> Bool {
    path.contains("/manifests/") && !path.hasSuffix(".gguf") && !path.hasSuffix(".safetensors")
      && FileSystem.size(path).bytes <= maxBytes
  }

  /// The manifest at a path; nil if the file is something else.
  static func ifManifest(_ path: String) -> OllamaManifest? {
    isLikely(path) ? try? OllamaManifest(path) : nil
  }

  /// The name of HOST/NAMESPACE/MODEL/TAG without what Ollama assumes.
  private static func name(_ parts: [String]) -> String {
    var parts = parts
    let tag = parts.removeLast()
    if parts.first == "registry.ollama.ai" {
      parts.removeFirst()
      if parts.count > 1, parts.first == "library" { parts.removeFirst() }
    }
    return parts.joined(separator: "/") + ":" + tag
  }

  /// The path of the blob with the weights; nil if the manifest has none, as that of a model in the cloud.
  var weights: String? { blob("model") }

  /// The layers that change the answers of the same weights.
  var variant: String? {
    let digests = layers.filter { ["template", "system", "params"].contains($0.type) }.map(\.digest)
    return digests.isEmpty ? nil : digests.joined(separator: " ")
  }

  /// The path of the weights.
  /// - Throws: `incomplete` with the missing layer or blob.
  func weightsPath() throws(FileError) -> String {
    guard let blob = weights else {
      let isSplit = layers.contains { $0.type == "tensor" }
      throw FileError(
        isSplit ? .unsupported : .incomplete, file: path,
        isSplit ? "the weights are one blob per tensor" : "the manifest of \(name) names no weights",
        advice: isSplit ? "use the GGUF version of the model" : "pull the model again with ollama")
    }
    guard FileSystem.isFile(blob) else {
      throw FileError(
        .incomplete, file: blob, "the blob with the weights of \(name) is missing",
        advice: "run 'ollama pull \(name)'")
    }
    return blob
  }

  /// The template, system message and parameters. Layers that cannot be read count as missing.
  func defaults() -> OllamaDefaults {
    OllamaDefaults(
      template: text("template"), system: text("system"),
      parameters: text("params").flatMap { try? JSON(parsing: Array($0.utf8)) })
  }

  private func blob(_ type: String) -> String? {
    guard let digest = layers.first(where: { $0.type == type })?.digest else { return nil }
    let name = digest.hasPrefix("sha256:") ? "sha256-" + digest.dropFirst(7) : digest
    return FileSystem.isPlainName(name) ? FileSystem.join(blobs, name) : nil
  }

  private func text(_ type: String) -> String? {
    guard let path = blob(type), let file = try? MappedFile(path), file.count <= Self.maxBytes else {
      return nil
    }
    return file.bytes.text
  }
}
