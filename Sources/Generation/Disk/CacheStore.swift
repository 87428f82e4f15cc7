import Basics
import Checkpoints
import Foundation

/// Prompt files in a folder, within a byte limit; the least recently used files are removed first.
///
/// All state is in the folder, so several stores and processes may share it, from any thread. Files are written
/// atomically, and data that was read stays valid whatever happens to its file. Only the user may read the files:
/// they contain the conversation.
public struct CacheStore: Sendable {
  /// The folder, created by the first save.
  public let folder: String
  /// The byte limit of all files together.
  public let limit: Int
  /// Called before each block that is written; tests use it to simulate a slow disk.
  package var beforeBlock: @Sendable () -> Void = {}

  private static let suffix = ".safetensors"

  /// A store in a folder.
  public init(folder: String = CacheStore.defaultFolder(), limit: Int) {
    self.folder = folder
    self.limit = limit
  }

  /// `sotto/prompts` in the user's cache folder.
  public static func defaultFolder(_ folders: UserFolders = UserFolders()) -> String {
    FileSystem.join(folders.caches, "sotto/prompts")
  }

  // Single prompts

  /// Saves a prompt under a key, replacing what is there, then enforces the limit. Takes about 1 ms per megabyte;
  /// call it from a background thread.
  /// - Parameters:
  ///   - model: identifies the model's file and how it computes (its path, size and time, the precision).
  ///   - isInterrupted: polled for every block; if it returns true, the existing file stays.
  public func save(
    _ prompt: StoredPrompt, for key: PromptKey, model: String, isInterrupted: () -> Bool = { false }
  ) throws(PromptFileError) {
    guard prompt.bytes <= limit else { throw .tooLarge(bytes: prompt.bytes, limit: limit) }
    do { try FileSystem.makeFolder(folder) } catch { throw .file(error) }
    // Frees space that the new file may need.
    removeAbandoned()
    let path = path(key, model)
    try PromptFile.write(prompt, model: model, key: key.text, to: path) {
      beforeBlock()
      return isInterrupted()
    }
    makeRoom(keeping: path)
  }

  /// Loads and verifies a prompt. Takes about 0.5 ms per megabyte, too long to do between Enter and the first token.
  /// - Parameter largest: the largest file size to accept, in bytes.
  /// - Returns: nil if there is no file.
  /// - Throws: the reason why the file was rejected. A rejected file is removed unless it is too large or can't be
  ///   read.
  public func load(
    _ key: PromptKey, model: String, largest: Int = .max
  ) throws(PromptFileError) -> StoredPrompt? {
    let path = path(key, model)
    do throws(PromptFileError) {
      let prompt = try PromptFile.read(path, model: model, key: key.text, limit: largest)
      // The file's modification time is its time of last use.
      utimensat(AT_FDCWD, path, nil, 0)
      return prompt
    } catch {
      if case .file(let error) = error, error.kind == .notFound { return nil }
      if error.isFinal { unlink(path) }
      throw error
    }
  }

  /// Whether there is a file for the key. It is verified only when it is loaded.
  public func contains(_ key: PromptKey, model: String) -> Bool {
    Self.status(path(key, model)) != nil
  }

  /// Removes the file of a key, if there is one.
  public func remove(_ key: PromptKey, model: String) { unlink(path(key, model)) }

  /// Removes the files of a session, for every model.
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

  /// Removes all files.
  /// - Returns: the bytes that were freed.
  @discardableResult
  public func removeAll() -> Int {
    removeAbandoned()
    let files = files()
    for file in files { unlink(file.path) }
    return files.reduce(0) { $0 + $1.bytes }
  }

  // All prompts

  /// The heads stored for a model, from the file names alone.
  public func heads(of model: String) -> [PromptHead] {
    let prefix = Self.prefix(model) + "head."
    return names().compactMap { name in
      guard name.hasPrefix(prefix), name.hasSuffix(Self.suffix) else { return nil }
      return PromptHead(name.dropFirst(prefix.count).dropLast(Self.suffix.count))
    }
  }

  /// The longest stored head that is a prefix of a prompt. Reads no file.
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

  /// Removes the partial files of writers that crashed.
  private func removeAbandoned() {
    let now = Date().timeIntervalSince1970
    for name in names() where name.hasSuffix(WholeFileWriter.partialSuffix) {
      let partial = folder + "/" + name
      if let status = Self.status(partial), now - status.used > WholeFileWriter.abandonedAfter {
        unlink(partial)
      }
    }
  }

  /// Removes the least recently used files until the limit holds, but never `path`.
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

  /// The prefix of the names of a model's files.
  private static func prefix(_ model: String) -> String { XXHash64.hash(model).hexadecimal + "." }

  /// A file's size, and its time of last use in seconds since 1970; nil if it doesn't exist.
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
