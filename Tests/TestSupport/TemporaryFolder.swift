import Basics
import Foundation

/// A temporary folder for one test. All are removed at the exit of the process, not with this value: Swift may release a
/// value after its last use, while the test still uses the files.
package struct TemporaryFolder {
  package let path: String

  private static let parent: String = {
    // In memory on Linux: writing thousands of small files to a disk is slow.
    let memory = "/dev/shm"
    let folder =
      FileManager.default.isWritableFile(atPath: memory)
      ? memory : FileManager.default.temporaryDirectory.path
    let path = folder + "/sotto-tests-" + UUID().uuidString
    atexit { try? FileManager.default.removeItem(atPath: TemporaryFolder.parent) }
    return path
  }()

  package init() throws {
    path = Self.parent + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes a file and creates the folders of its path. Returns the path.
  @discardableResult
  package func write(_ name: String, _ content: [UInt8]) throws -> String {
    let file = path + "/" + name
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(content).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult
  package func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
}

extension Bytes {
  /// A copy of the bytes.
  package var array: [UInt8] { withUnsafeBytes { Array($0) } }
}
