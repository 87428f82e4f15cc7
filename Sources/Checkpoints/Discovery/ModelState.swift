import Basics
import Foundation

/// Tells one state of a model's files from another, so that what was computed with one is never taken for the
/// other's. Costs one look at each file's entry; nothing is read.
public enum ModelState {
  /// The path, the size of all files in bytes, and a checksum of their names, sizes and times of change.
  ///
  /// Links are followed: the Hugging Face cache is made of them, and a link may be pointed at another file.
  /// - Parameter path: a folder, or a GGUF file; of a split model, its first.
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
