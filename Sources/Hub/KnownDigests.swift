import Basics

/// Checksums of files that are known without a network: those in the names of the blobs of the Hugging Face cache and of
/// Ollama, and those in the records of `sotto pull`.
public enum KnownDigests {
  /// Whether a file has the checksum that is known for it; nil if none is known.
  /// - Throws: `FileError` if the file cannot be read.
  public static func check(_ path: String) throws(FileError) -> Bool? {
    guard let digest = digest(of: path) else { return nil }
    return try digest.matches(path)
  }

  static func digest(of path: String) -> HubDigest? {
    let blob = FileSystem.lastComponent(FileSystem.canonical(path))
    let name = blob.hasPrefix("sha256-") ? String(blob.dropFirst("sha256-".count)) : blob
    if name.utf8.count == 64, name.allSatisfy(\.isHexDigit) { return .sha256(name) }
    let record = PullRecord(reading: FileSystem.folder(of: path))
    guard let identity = record.files[FileSystem.lastComponent(path)] else { return nil }
    let parts = identity.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return nil }
    return parts[0] == "sha256" ? .sha256(parts[1]) : parts[0] == "git" ? .gitBlob(parts[1]) : nil
  }
}
