import Basics
import Foundation
import TestSupport

/// Files written by `Fixtures/make_fixtures.py` with the reference Python packages.
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

extension TemporaryFolder {
  /// Copies a fixture file or folder to `name`.
  @discardableResult
  func copy(_ fixture: String, to name: String) throws -> String {
    let target = path + "/" + name
    let folder = URL(fileURLWithPath: target).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Fixture.path(fixture), toPath: target)
    return target
  }
}

/// The CRC-32 of zlib and PNG (reflected polynomial 0x04C11DB7), to compare bytes with the fixtures.
func crc32(_ bytes: [UInt8]) -> Int {
  var remainder = UInt32.max
  for byte in bytes {
    remainder ^= UInt32(byte)
    for _ in 0..<8 { remainder = (remainder >> 1) ^ (remainder & 1 == 0 ? 0 : 0xEDB8_8320) }
  }
  return Int(~remainder)
}
