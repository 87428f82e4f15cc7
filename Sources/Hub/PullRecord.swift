import Basics
import Foundation

/// The record of what Sotto fetched into a folder, a hidden file in it. `sotto rm` removes only what is in a record.
struct PullRecord {
  static let name = ".sotto-pull.json"

  /// The identities of the files by name.
  var files: [String: String] = [:]
  private var origin = JSON.null

  /// The record in a folder; empty if there is none.
  init(reading folder: String) {
    let path = FileSystem.join(folder, Self.name)
    guard FileSystem.isFile(path), let file = try? MappedFile(path), let json = try? JSON(parsing: file.bytes)
    else { return }
    origin = json["origin"] ?? .null
    for (name, identity) in json["files"]?.asObject ?? JSONObject() where FileSystem.isPlainName(name) {
      files[name] = identity.asString ?? ""
    }
  }

  /// Writes the record; removes it if it has no files.
  func write(to folder: String, _ origin: JSON? = nil) throws(FileError) {
    let path = FileSystem.join(folder, Self.name)
    if files.isEmpty {
      unlink(path)
      return
    }
    var list = JSONObject()
    for (name, identity) in files.sorted(by: { $0.key < $1.key }) { list[name] = .string(identity) }
    let json: JSON = ["origin": origin ?? self.origin, "files": .object(list)]
    try WholeFileWriter.write(json.text(), to: path)
  }
}

/// A lock on a staging folder, so that two processes do not fetch the same model.
struct PullLock {
  private let descriptor: Int32

  init(_ folder: String) throws {
    let path = FileSystem.join(folder, "lock")
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError.writing(errno, path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw HubError("another sotto fetches this model now; wait for it")
    }
  }

  func release() { close(descriptor) }
}
