import Basics
import Foundation

/// A folder of its own for one test. All are removed as the program ends, not when this object goes: Swift may
/// let go of it before the test is done with the files.
package struct TemporaryFolder {
  package let path: String

  private static let parent: String = {
    // In memory where Linux offers that: thousands of small files would wait for a disk.
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

  /// Writes a file, with the folders on its way; returns its path.
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
  /// A copy.
  package var array: [UInt8] { withUnsafeBytes { Array($0) } }
}
