import Basics
import Foundation

/// Stores compiled vocabularies as files in a folder, so that later starts map them instead of parsing and
/// compiling their sources. A file's name is the hash of the sources and the version of the layout. Files are
/// written under a temporary name and renamed, so no process sees a partial one; a damaged file, or one of
/// another version, is ignored and replaced. If writing fails, the next start compiles again.
public struct VocabularyCache: Sendable {
  let folder: String
  /// Using a file updates its modification time; above this number the least recently used files are removed.
  private static let mostFiles = 32
  /// The age in seconds at which a temporary file counts as left by a crash.
  private static let abandonedAfter = 600.0

  /// A cache in a folder, which is created when it is first written to.
  public init(folder: String) { self.folder = folder }

  /// The folder `sotto/vocabularies` in the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`; on macOS
  /// `~/Library/Caches`).
  public static var standard: VocabularyCache {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["HOME"] ?? NSHomeDirectory()
    #if os(macOS)
      let base = home + "/Library/Caches"
    #else
      // The XDG specification says to ignore relative paths.
      let named = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      let base = named ?? home + "/.cache"
    #endif
    return VocabularyCache(folder: base + "/sotto/vocabularies")
  }

  private static let suffix = ".vocabulary"

  private func path(_ key: ContentKey) -> String {
    "\(folder)/\(key.text)-\(VocabularyLayout.version)\(Self.suffix)"
  }

  /// The vocabulary that was compiled from these sources; nil if there is none or it is damaged.
  func load(_ key: ContentKey) -> Vocabulary? {
    let path = path(key)
    guard let image = VocabularyImage(mapping: path), image.key == key, let vocabulary = Vocabulary(image)
    else { return nil }
    utimes(path, nil)
    return vocabulary
  }

  /// Stores a vocabulary.
  func store(_ image: VocabularyImage) {
    try? FileSystem.makeFolder(folder)
    let path = path(image.key)
    let temporary = "\(folder)/.\(image.key.text)-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    let isWritten = Self.write(image.bytes, to: descriptor)
    if close(descriptor) == 0, isWritten, rename(temporary, path) == 0 {
      removeOldest()
    } else {
      unlink(temporary)
    }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var position = 0
    while position < bytes.count {
      let count = Foundation.write(
        descriptor, bytes.baseAddress.map { $0 + position }, bytes.count - position)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      position += count
    }
    return true
  }

  /// Removes the least recently used files above the limit, and temporary files left by crashes.
  private func removeOldest() {
    let manager = FileManager.default
    let names = (try? manager.contentsOfDirectory(atPath: folder)) ?? []
    var files: [(path: String, used: Date)] = []
    for name in names {
      let path = "\(folder)/\(name)"
      guard let used = (try? manager.attributesOfItem(atPath: path))?[.modificationDate] as? Date else {
        continue
      }
      if name.hasSuffix(Self.suffix) {
        files.append((path, used))
      } else if name.hasPrefix("."), -used.timeIntervalSinceNow > Self.abandonedAfter {
        unlink(path)
      }
    }
    guard files.count > Self.mostFiles else { return }
    files.sort { $0.used < $1.used }
    for file in files.prefix(files.count - Self.mostFiles) { unlink(file.path) }
  }
}
