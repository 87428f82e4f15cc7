extension GGUFBytes {
  /// A file with more metadata, in front of its own. Keys that it has already are renamed, so that they count as missing.
  package static func adding(_ metadata: [(String, Value)], to file: [UInt8]) -> [UInt8] {
    guard file.count > 24 else { return file }
    let count =
      file[16..<24].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } + UInt64(metadata.count + 1)
    func added(_ padding: Int) -> [UInt8] {
      GGUFBytes(metadata + [("test.padding", .string(String(repeating: " ", count: padding)))]).metadataBytes
    }
    // The data stays aligned.
    let bytes = added((64 - added(0).count % 64) % 64)
    let rest = metadata.reduce(file) { removing($1.0, from: $0) }[24...]
    return file[..<16] + withUnsafeBytes(of: count.littleEndian) { Array($0) } + bytes + rest
  }

  /// A file in which a key has another name of the same length.
  package static func removing(_ key: String, from file: [UInt8]) -> [UInt8] {
    let text = Array(key.utf8)
    let pattern = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    guard let start = file.firstRange(of: pattern)?.lowerBound else { return file }
    var file = file
    file[start + 8] = UInt8(ascii: "x")
    return file
  }
}
