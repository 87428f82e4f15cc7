import Basics
import Foundation

/// Removes a model that Sotto fetched, and nothing else.
public struct ModelRemoval: Sendable {
  /// The files to remove.
  public let files: [String]
  /// Their size.
  public let bytes: Int
  private let target: String
  private let folder: String

  /// Finds the files of a fetched model.
  /// - Parameters:
  ///   - path: the path of the model, for `Checkpoint.open`.
  ///   - folder: Sotto's model folder.
  /// - Throws: `HubError` if Sotto did not fetch it.
  public init(_ path: String, folder: String) throws(HubError) {
    let isFolder = FileSystem.isFolder(path)
    let target = isFolder ? path : FileSystem.folder(of: path)
    let record = PullRecord(reading: target)
    let own = FileSystem.canonical(folder) + "/"
    var names = record.files.keys.sorted()
    if !isFolder {
      let name = FileSystem.lastComponent(path)
      let stem = name.wholeMatch(of: #/(.*)-\d{5}(-of-\d{5}\.gguf)/#)
      names = names.filter { file in
        stem.map { file.hasPrefix($0.1 + "-") && file.hasSuffix($0.2) } ?? (file == name)
      }
    }
    guard FileSystem.canonical(target).hasPrefix(own), !names.isEmpty else {
      throw HubError(
        "\(path): was not fetched by 'sotto pull'; remove it with the program that it belongs to")
    }
    self.target = target
    self.folder = folder
    files = names.map { FileSystem.join(target, $0) }
    bytes = files.reduce(0) { $0 + FileSystem.size($1).bytes }
  }

  /// Removes the files, and the folders that are empty then.
  public func run() throws(FileError) {
    var record = PullRecord(reading: target)
    for file in files {
      guard unlink(file) == 0 || errno == ENOENT else { throw .writing(errno, file) }
      record.files[FileSystem.lastComponent(file)] = nil
    }
    try record.write(to: target)
    let own = FileSystem.canonical(folder)
    var current = FileSystem.canonical(target)
    // rmdir fails for folders that are not empty.
    while current.hasPrefix(own + "/"), rmdir(current) == 0 { current = FileSystem.folder(of: current) }
  }
}
