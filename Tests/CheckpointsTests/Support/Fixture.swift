import Checkpoints
import Compute
import Foundation

/// Files that `Fixtures/make_fixtures.py` wrote with the formats' own Python packages.
enum Fixture {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures").path

  static func path(_ name: String) -> String { folder + "/" + name }

  static func json(_ name: String) throws -> JSON {
    try JSON(parsing: MappedFile(path(name)).bytes)
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try MappedFile(path(name)).bytes.array
  }
}

/// A folder of its own for one test. All are removed as the program ends, not when this object goes: Swift may
/// let go of it before the test is done with the files.
struct TemporaryFolder {
  let path: String

  private static let parent: String = {
    // In memory where Linux offers that: thousands of small files would wait for a disk.
    let memory = "/dev/shm"
    let folder =
      FileManager.default.isWritableFile(atPath: memory)
      ? memory : FileManager.default.temporaryDirectory.path
    let path = folder + "/sotto-checkpoints-" + UUID().uuidString
    atexit { try? FileManager.default.removeItem(atPath: TemporaryFolder.parent) }
    return path
  }()

  init() throws {
    path = Self.parent + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes a file, with the folders on its way; returns its path.
  @discardableResult
  func write(_ name: String, _ content: [UInt8]) throws -> String {
    let file = path + "/" + name
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(content).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

  /// Copies a fixture's file or folder to `name`.
  @discardableResult
  func copy(_ fixture: String, to name: String) throws -> String {
    let target = path + "/" + name
    let folder = URL(fileURLWithPath: target).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Fixture.path(fixture), toPath: target)
    return target
  }
}

extension Bytes {
  /// A copy.
  var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// The checksum of zlib and PNG (reflected polynomial 0x04C11DB7), to hold bytes against the fixtures'.
func crc32(_ bytes: [UInt8]) -> Int {
  var remainder = UInt32.max
  for byte in bytes {
    remainder ^= UInt32(byte)
    for _ in 0..<8 { remainder = (remainder >> 1) ^ (remainder & 1 == 0 ? 0 : 0xEDB8_8320) }
  }
  return Int(~remainder)
}
