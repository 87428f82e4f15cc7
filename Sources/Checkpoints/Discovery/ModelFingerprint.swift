import Basics
import Foundation

/// Identifies the version of a model's files, so that caches computed with one version are not used with another. It
/// costs one `stat` per file; no content is read.
public enum ModelFingerprint {
  /// The path, the total size in bytes, and a checksum of the names, sizes and modification times of all files.
  ///
  /// Links are followed: the Hugging Face cache consists of links, and a link may change its target.
  /// - Parameter path: a folder, or a GGUF file (the first shard of a sharded model).
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

  /// The files of a model, in a fixed order.
  private static func files(_ path: String) -> [String] {
    if let names = try? FileManager.default.contentsOfDirectory(atPath: path) {
      return names.sorted().map { path + "/" + $0 }
    }
    let url = URL(filePath: path)
    guard let split = url.lastPathComponent.firstMatch(of: #/-\d{5}(-of-\d{5}\.gguf)$/#) else {
      return [path]
    }
    let (start, end) = (url.lastPathComponent[..<split.range.lowerBound], split.1)
    let folder = url.deletingLastPathComponent().path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let parts = names.filter { $0.hasPrefix(start) && $0.hasSuffix(end) }
    return parts.isEmpty ? [path] : parts.sorted().map { folder + "/" + $0 }
  }
}
