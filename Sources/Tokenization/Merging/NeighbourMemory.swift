/// Remembers for which tokens `TokenNeighbours.canStand` was asked, and the answers: neighbours come again and
/// again in a text. Each pair has one place, and the last one asked for keeps it. 256 KB, so that it stays in
/// the second cache, where an answer takes a tenth of the time that working it out does.
struct NeighbourMemory: ~Copyable {
  private static let bits: UInt64 = 15
  private let answers: UnsafeMutablePointer<UInt64>

  init() {
    answers = .allocate(capacity: 1 << Int(Self.bits))
    // No token has a number of all ones.
    answers.initialize(repeating: UInt64.max, count: 1 << Int(Self.bits))
  }

  deinit { answers.deallocate() }

  /// `neighbours.canStand(left, right)`. All questions must be about the same vocabulary.
  @inline(__always)
  func canStand(_ left: UInt32, _ right: UInt32, _ neighbours: TokenNeighbours) -> Bool {
    let key = UInt64(left) << 32 | UInt64(right) << 1
    let place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> (64 - Self.bits))
    let answer = answers[place]
    if answer & ~1 == key { return answer & 1 != 0 }
    let isSo = neighbours.canStand(left, right)
    answers[place] = key | (isSo ? 1 : 0)
    return isSo
  }
}
