import Basics
import Checkpoints
import Foundation

/// Prompts kept in a folder, up to a number of bytes; beyond it, those that were not used for the longest time
/// are removed.
///
/// All it knows is in the folder, so any number of stores, in this program or others, may use one folder side by
/// side and from any thread. A file is there as a whole or not at all, and what somebody has read of one stays
/// valid for them whatever becomes of it. Only the person may read the files: they tell what was said.
public struct CacheStore: Sendable {
  /// The folder; made when the first prompt is saved.
  public let folder: String
  /// Bytes that all files together may have.
  public let limit: Int
  /// Called before each block that is written; a test's way to have a slow disk.
  package var beforeBlock: @Sendable () -> Void = {}

  private static let suffix = ".safetensors"

  /// A store in a folder.
  public init(folder: String = CacheStore.defaultFolder(), limit: Int) {
    self.folder = folder
    self.limit = limit
  }

  /// `sotto/prompts` in the user's folder of caches.
  public static func defaultFolder(_ folders: UserFolders = UserFolders()) -> String {
    FileSystem.join(folders.caches, "sotto/prompts")
  }

  // One prompt

  /// Stores a prompt in place of what was there under the key, then removes what is beyond the limit. Takes about
  /// a millisecond a megabyte; meant for a thread that nobody waits for.
  /// - Parameters:
  ///   - model: identifies the model's file and how it computes (its path, size and time, the precision).
  ///   - isInterrupted: asked all the while; when it says true, what was there stays.
  public func save(
    _ prompt: StoredPrompt, for key: PromptKey, model: String, isInterrupted: () -> Bool = { false }
  ) throws(PromptFileError) {
    guard prompt.bytes <= limit else { throw .tooLarge(bytes: prompt.bytes, limit: limit) }
    do { try FileSystem.makeFolder(folder) } catch { throw .file(error) }
    // Their space may be what the new file lacks.
    removeAbandoned()
    let path = path(key, model)
    try PromptFile.write(prompt, model: model, key: key.text, to: path) {
      beforeBlock()
      return isInterrupted()
    }
    makeRoom(keeping: path)
  }

  /// Reads a prompt and checks all of it; takes about half a millisecond a megabyte: not for the moment between
  /// Enter and the first token.
  /// - Parameter largest: bytes that the file may have.
  /// - Returns: nil where nothing is stored.
  /// - Throws: why the file was refused. It is then gone, unless it is too large or the system would not let it be
  ///   read.
  public func load(
    _ key: PromptKey, model: String, largest: Int = .max
  ) throws(PromptFileError) -> StoredPrompt? {
    let path = path(key, model)
    do throws(PromptFileError) {
      let prompt = try PromptFile.read(path, model: model, key: key.text, limit: largest)
      // The file's time says when it was used last.
      utimensat(AT_FDCWD, path, nil, 0)
      return prompt
    } catch {
      if case .file(let error) = error, error.kind == .notFound { return nil }
      if error.isFinal { unlink(path) }
      throw error
    }
  }

  /// Whether there is a file for the key; whether it is good shows when it is loaded.
  public func contains(_ key: PromptKey, model: String) -> Bool {
    Self.status(path(key, model)) != nil
  }

  /// Removes a prompt, if it is there.
  public func remove(_ key: PromptKey, model: String) { unlink(path(key, model)) }

  /// Removes what is stored of a session, for every model.
  public func removeAll(of session: String) {
    let ending = "." + PromptKey.session(session).fileName + Self.suffix
    for name in names() where name.hasSuffix(ending) { unlink(folder + "/" + name) }
  }

  /// Removes all heads, of every model.
  public func removeHeads() {
    for name in names() where name.hasSuffix(Self.suffix) && name.contains(".head.") {
      unlink(folder + "/" + name)
    }
  }

  /// Removes every prompt.
  /// - Returns: the bytes that they had.
  @discardableResult
  public func removeAll() -> Int {
    removeAbandoned()
    let files = files()
    for file in files { unlink(file.path) }
    return files.reduce(0) { $0 + $1.bytes }
  }

  // All of them

  /// The heads stored for a model, by the names of the files alone.
  public func heads(of model: String) -> [PromptHead] {
    let prefix = Self.prefix(model) + "head."
    return names().compactMap { name in
      guard name.hasPrefix(prefix), name.hasSuffix(Self.suffix) else { return nil }
      return PromptHead(name.dropFirst(prefix.count).dropLast(Self.suffix.count))
    }
  }

  /// The longest stored head that a prompt begins with; no file is read.
  public func longestHead(of prompt: [Int32], model: String) -> PromptHead? {
    heads(of: model).sorted { $0.count > $1.count }.first { $0.begins(prompt) }
  }

  /// Bytes of all files.
  public var totalBytes: Int { files().reduce(0) { $0 + $1.bytes } }

  private struct File {
    let path: String
    let bytes: Int
    let used: Double
  }

  /// Removes what crashed writers left.
  private func removeAbandoned() {
    let now = Date().timeIntervalSince1970
    for name in names() where name.hasSuffix(WholeFileWriter.partialSuffix) {
      let partial = folder + "/" + name
      if let status = Self.status(partial), now - status.used > WholeFileWriter.abandonedAfter {
        unlink(partial)
      }
    }
  }

  /// Removes the files that were not used for the longest time until the limit holds, but never `path`.
  private func makeRoom(keeping path: String) {
    let files = files()
    var total = files.reduce(0) { $0 + $1.bytes }
    for file in files.sorted(by: { $0.used < $1.used }) where total > limit && file.path != path {
      unlink(file.path)
      total -= file.bytes
    }
  }

  private func files() -> [File] {
    names().filter { $0.hasSuffix(Self.suffix) }.compactMap { name in
      let path = folder + "/" + name
      return Self.status(path).map { File(path: path, bytes: $0.bytes, used: $0.used) }
    }
  }

  private func names() -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  private func path(_ key: PromptKey, _ model: String) -> String {
    folder + "/" + Self.prefix(model) + key.fileName + Self.suffix
  }

  /// What the names of a model's files begin with.
  private static func prefix(_ model: String) -> String { XXHash64.hash(model).hexadecimal + "." }

  /// A file's size, and when it was used last in seconds since 1970; nil where there is none.
  private static func status(_ path: String) -> (bytes: Int, used: Double)? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return (Int(status.st_size), Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9)
  }
}
