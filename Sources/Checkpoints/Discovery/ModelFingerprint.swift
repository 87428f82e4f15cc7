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
    let files = files(path)
    files.forEach { name, size, seconds, nanoseconds in
      bytes += size
      text += "\(files.path(name))\t\(size)\t\(seconds).\(nanoseconds)\n"
    }
    return "\(path)\t\(bytes)\t\(String(XXHash64.hash(text), radix: 16))"
  }

  /// The total size and a checksum as in `key`, for the index of models.
  static func stamp(_ files: Files) -> String {
    var bytes = 0
    var data: [UInt8] = []
    files.forEach { name, size, seconds, nanoseconds in
      bytes += size
      data += name.utf8
      withUnsafeBytes(of: (0, size, seconds, nanoseconds)) { data += $0 }
    }
    return "\(bytes) \(String(XXHash64.hash(data), radix: 16))"
  }

  /// The files of a model, in a fixed order.
  private static func files(_ path: String) -> Files {
    if FileSystem.isFolder(path) { return Files(folder: path, names: FileSystem.names(in: path)) }
    if let manifest = OllamaManifest.ifManifest(path) {
      return Files(folder: "", names: [path, manifest.weights].compactMap(\.self))
    }
    return .shards(path)
  }
}

extension ModelFingerprint {
  /// The files that a model consists of.
  struct Files: Sendable, Equatable {
    /// The folder of the names; empty if they are paths.
    let folder: String
    let names: [String]

    /// A GGUF file, with the other shards if it is the first.
    static func shards(_ path: String) -> Files {
      guard let shard = ShardName(FileSystem.lastComponent(path), suffix: ".gguf"), shard.count <= 1000 else {
        return Files(folder: "", names: [path])
      }
      return Files(folder: FileSystem.folder(of: path), names: (1...shard.count).map { shard.name($0) })
    }

    func path(_ name: String) -> String { folder.isEmpty ? name : FileSystem.join(folder, name) }

    /// Calls `body` with the name, the size and the modification time of each file that exists.
    func forEach(_ body: (_ name: String, _ size: Int, _ seconds: Int, _ nanoseconds: Int) -> Void) {
      // Names relative to an open folder spare the walk over the folders of a path.
      let descriptor = folder.isEmpty ? AT_FDCWD : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 || folder.isEmpty else { return }
      defer { if !folder.isEmpty { close(descriptor) } }
      for name in names {
        var status = stat()
        guard fstatat(descriptor, name, &status, 0) == 0 else { continue }
        #if canImport(Darwin)
          let time = status.st_mtimespec
        #else
          let time = status.st_mtim
        #endif
        body(name, Int(status.st_size), Int(time.tv_sec), Int(time.tv_nsec))
      }
    }
  }
}
