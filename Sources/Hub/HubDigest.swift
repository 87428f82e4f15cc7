import Basics
import CNetwork

/// A checksum that a hub states for a file.
package enum HubDigest: Equatable, Sendable {
  /// SHA-256 of the content, for large files.
  case sha256(String)
  /// git's name of a small file: SHA-1 of "blob SIZE", a zero byte and the content.
  case gitBlob(String)

  /// Whether the file at a path has this checksum.
  /// - Throws: `FileError` if it cannot be read.
  package func matches(_ path: String) throws(FileError) -> Bool {
    // An empty file cannot be mapped.
    let reader = try FileReader(path)
    switch self {
    case .sha256(let expected):
      var sum = sotto_sha256()
      sotto_sha256_start(&sum)
      try Self.read(reader) { sotto_sha256_add(&sum, $0.baseAddress, $0.count) }
      var digest = [UInt8](repeating: 0, count: 32)
      sotto_sha256_finish(&sum, &digest)
      return Self.hexadecimal(digest) == expected.lowercased()
    case .gitBlob(let expected):
      var sum = sotto_sha1()
      sotto_sha1_start(&sum)
      let head = Array("blob \(reader.count)".utf8) + [0]
      sotto_sha1_add(&sum, head, head.count)
      try Self.read(reader) { sotto_sha1_add(&sum, $0.baseAddress, $0.count) }
      var digest = [UInt8](repeating: 0, count: 20)
      sotto_sha1_finish(&sum, &digest)
      return Self.hexadecimal(digest) == expected.lowercased()
    }
  }

  private static func read(
    _ reader: FileReader, _ add: (UnsafeRawBufferPointer) -> Void
  ) throws(FileError) {
    var left = reader.count
    while left > 0 {
      let part = min(left, 1 << 20)
      try reader.read(part).withUnsafeBytes { add($0) }
      left -= part
    }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
