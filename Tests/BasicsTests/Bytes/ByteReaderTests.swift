import Basics
import Testing

@Suite struct ByteReaderTests {
  private static func strings(_ lengths: [Int]) -> [UInt8] {
    lengths.flatMap { length in
      withUnsafeBytes(of: UInt64(length).littleEndian) { Array($0) } + [UInt8](repeating: 7, count: length)
    }
  }

  /// Skipping many strings ends where reading one after another ends, at any truncation too.
  @Test func stringsAreSkippedAsTheyAreRead() {
    let bytes = Self.strings([3, 0, 9, 1, 300, 0])
    for count in 0...bytes.count {
      bytes[..<count].withUnsafeBytes { buffer in
        var (one, all) = (ByteReader(buffer), ByteReader(buffer))
        let read = Result { () throws(ByteReader.Overrun) in
          for _ in 0..<6 { _ = try one.string() }
          return one.position
        }
        let skipped = Result { () throws(ByteReader.Overrun) in try all.skipStrings(6) }
        switch (read, skipped) {
        case (.success(let end), .success(let range)):
          #expect(range == 0..<end)
          #expect(all.position == end)
        case (.failure(let a), .failure(let b)):
          #expect(a.offset == b.offset)
          #expect(a.needed == b.needed)
        default: Issue.record("\(count) bytes: \(read), \(skipped)")
        }
      }
    }
  }

  @Test func aHugeLengthIsAnError() {
    let bytes = [UInt8](repeating: 255, count: 16)
    bytes.withUnsafeBytes { buffer in
      var reader = ByteReader(buffer)
      #expect(throws: ByteReader.Overrun.self) { try reader.skipStrings(1) }
    }
  }
}
