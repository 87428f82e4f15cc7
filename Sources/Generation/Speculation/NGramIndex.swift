/// Finds earlier occurrences of the end of a growing token sequence, to propose the tokens that followed them (prompt
/// lookup decoding).
///
/// Every n-gram is hashed into a table of chains, as in LZ77 compressors. Appending a token and a look-up take constant
/// time; a token takes about 16 bytes.
package struct NGramIndex {
  /// An earlier occurrence of the sequence's end.
  package struct Match: Equatable {
    /// The number of equal tokens before the two ends, at most `NGramIndex.longest`.
    package let length: Int
    /// The index of the token after the earlier occurrence.
    package let next: Int

    package init(length: Int, next: Int) {
      self.length = length
      self.next = next
    }
  }

  /// The length of an indexed n-gram, and so of the shortest match.
  package static let shortest = 3
  /// The length at which a comparison ends.
  package static let longest = 32
  /// The number of occurrences that are compared, latest first.
  static let candidates = 8

  private var tokens: [Int32] = []
  /// For each hash, the index of the latest n-gram's last token; -1 for none.
  private var latest: [Int32] = Array(repeating: -1, count: 256)
  /// For each token, the last token of the preceding n-gram with the same hash; -1 for none.
  private var earlier: [Int32] = []

  package init() {}

  /// The number of tokens.
  package var count: Int { tokens.count }

  /// Appends a token.
  package mutating func append(_ token: Int32) {
    if tokens.count * 2 >= latest.count { grow(for: tokens.count + 1) }
    tokens.append(token)
    earlier.append(-1)
    insert(tokens.count - 1)
  }

  /// Appends tokens.
  package mutating func append(contentsOf new: some Collection<Int32>) {
    if (tokens.count + new.count) * 2 >= latest.count { grow(for: tokens.count + new.count) }
    for token in new { append(token) }
  }

  /// The longest match of the end, the latest among equals; nil if no earlier n-gram equals the last one.
  package func match() -> Match? {
    guard tokens.count > Self.shortest else { return nil }
    let end = tokens.count - 1
    var best: Match?
    var candidate = Int(earlier[end])
    for _ in 0..<Self.candidates where candidate >= 0 {
      let length = commonLength(candidate, end)
      if length >= Self.shortest, length > best?.length ?? 0 {
        best = Match(length: length, next: candidate + 1)
      }
      if length == Self.longest { break }
      candidate = Int(earlier[candidate])
    }
    return best
  }

  /// The tokens that followed a match. Beyond the sequence's end, they are those proposed first: a repetition goes on.
  package func continuation(of match: Match, count: Int) -> [Int32] {
    var result: [Int32] = []
    for index in match.next..<match.next + count {
      result.append(index < tokens.count ? tokens[index] : result[index - tokens.count])
    }
    return result
  }

  private func commonLength(_ one: Int, _ other: Int) -> Int {
    var length = 0
    while length < Self.longest, length <= one, tokens[one - length] == tokens[other - length] { length += 1 }
    return length
  }

  private mutating func insert(_ index: Int) {
    guard index >= Self.shortest - 1 else { return }
    let slot = slot(index)
    earlier[index] = latest[slot]
    latest[slot] = Int32(index)
  }

  /// The slot of the n-gram that ends at an index: a multiplicative hash of its tokens.
  private func slot(_ index: Int) -> Int {
    var hash: UInt64 = 0
    for token in tokens[(index - Self.shortest + 1)...index] {
      hash = (hash ^ UInt64(UInt32(bitPattern: token))) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    return Int(truncatingIfNeeded: hash >> 16) & (latest.count - 1)
  }

  private mutating func grow(for count: Int) {
    var size = latest.count
    while size <= count * 2 { size *= 2 }
    latest = Array(repeating: -1, count: size)
    for index in tokens.indices { insert(index) }
  }
}
