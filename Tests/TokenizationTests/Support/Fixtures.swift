import Foundation
import Testing
@_exported import Tokenization

/// The files beside these tests, made by Tests/Scripts/make_tokenizer_fixtures.py.
enum Fixtures {
  static let folder =
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures").path(percentEncoded: false) + "/"

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: folder + name)))
  }

  static func decode<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: folder + name)))
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(json: bytes("\(name).tokenizer.json"))
  }

  static let texts: [String] = (try? decode("texts.json")) ?? []
}

/// How many numbers there should be, and their FNV-1a digest as the script computes it.
struct Digest: Decodable, Equatable, CustomStringConvertible {
  let count: Int
  let value: String

  init(_ numbers: [Int]) {
    count = numbers.count
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for number in numbers {
      for shift in [0, 8, 16, 24] {
        hash = (hash ^ UInt64(number >> shift & 0xFF)) &* 0x100_0000_01B3
      }
    }
    let digits = String(hash, radix: 16)
    value = String(repeating: "0", count: 16 - digits.count) + digits
  }

  init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    count = try container.decode(Int.self)
    value = try container.decode(String.self)
  }

  var description: String { "\(count) numbers, \(value)" }
}

extension Tokenizer {
  /// The ids of plain text, as integers.
  func ids(_ text: String, parseSpecial: Bool = true) -> [Int] {
    encode(text, addSpecial: false, parseSpecial: parseSpecial).map { Int($0) }
  }
}

/// A folder that is removed again.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "sotto-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path(percentEncoded: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(filePath: file))
    return file
  }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
