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

  /// A cache in a folder, which is created when it is first written to.
  public init(folder: String) { self.folder = folder }

  /// The cache in the folder `sotto/vocabularies` of the user's caches.
  public static var standard: VocabularyCache {
    VocabularyCache(folder: FileSystem.join(UserFolders().caches, "sotto/vocabularies"))
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
    do {
      try WholeFileWriter.write(image.bytes, to: path(image.key), permissions: 0o600)
    } catch { return }
    removeOldest()
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
      } else if name.hasSuffix(WholeFileWriter.partialSuffix),
        -used.timeIntervalSinceNow > WholeFileWriter.abandonedAfter
      {
        unlink(path)
      }
    }
    guard files.count > Self.mostFiles else { return }
    files.sort { $0.used < $1.used }
    for file in files.prefix(files.count - Self.mostFiles) { unlink(file.path) }
  }
}
