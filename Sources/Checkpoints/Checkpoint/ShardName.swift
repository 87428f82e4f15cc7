/// The file name of a shard: "NAME-00002-of-00003.gguf".
struct ShardName: Equatable {
  let stem: String
  let index: Int
  let count: Int
  let suffix: String

  /// Parses a file name; nil if it is not the name of a shard. `suffix` includes the dot.
  init?(_ name: String, suffix: String) {
    guard name.hasSuffix(suffix) else { return nil }
    let parts = name.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[parts.count - 2] == "of", let count = Self.number(parts[parts.count - 1]),
      let index = Self.number(parts[parts.count - 3]), index >= 1, index <= count
    else { return nil }
    stem = parts.dropLast(3).joined(separator: "-")
    self.index = index
    self.count = count
    self.suffix = suffix
  }

  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.count == 5, text.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
    return Int(text)
  }

  /// The name of shard `index`, counted from 1.
  func name(_ index: Int) -> String { "\(stem)-\(Self.padded(index))-of-\(Self.padded(count))\(suffix)" }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
