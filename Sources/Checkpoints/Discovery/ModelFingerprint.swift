import Basics

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Identifies the version of a model's files, so that what was computed with one version is not used with another. It
/// costs one `stat` per file; no content is read, except of a manifest of Ollama.
public enum ModelFingerprint {
  /// The path, the total size in bytes, and a checksum of the names, sizes and modification times of all files.
  ///
  /// Links are followed: the Hugging Face cache consists of links, and a link may change its target.
  /// - Parameter path: a folder, a GGUF file (the first shard of a sharded model), or a manifest of Ollama.
  public static func key(_ path: String) -> String {
    var bytes = 0
    var text = ""
    for file in files(path) {
      var status = stat()
      guard stat(file, &status) == 0 else { continue }
      #if canImport(Darwin)
        let time = status.st_mtimespec
      #else
        let time = status.st_mtim
      #endif
      bytes += Int(status.st_size)
      text += "\(file)\t\(status.st_size)\t\(time.tv_sec).\(time.tv_nsec)\n"
    }
    return "\(path)\t\(bytes)\t\(String(XXHash64.hash(text), radix: 16))"
  }

  /// The checksum in `key`, for the index of models.
  static func stamp(_ path: String) -> String {
    String(
      key(path).split(separator: "\t", omittingEmptySubsequences: false).suffix(2).joined(separator: " "))
  }

  /// The files of a model, in a fixed order.
  private static func files(_ path: String) -> [String] {
    if FileSystem.isFolder(path) { return FileSystem.names(in: path).map { FileSystem.join(path, $0) } }
    if let manifest = OllamaManifest.ifManifest(path) { return [path, manifest.weights].compactMap(\.self) }
    guard let shard = ShardName(FileSystem.lastComponent(path), suffix: ".gguf"),
      shard.count <= 1000
    else { return [path] }
    let folder = FileSystem.folder(of: path)
    return (1...shard.count).map { FileSystem.join(folder, shard.name($0)) }
  }
}
