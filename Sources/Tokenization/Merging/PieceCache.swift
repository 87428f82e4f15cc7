/// Caches the tokens of short pieces, because words repeat. Direct-mapped: a piece of up to 16 bytes and
/// three tokens has one slot, which holds the latest piece. A hit reads one cache line instead of three. 256
/// KB.
struct PieceCache: ~Copyable {
  /// The piece's bytes (`PieceHash.ends`), its tokens, and the number of bytes and tokens.
  private struct Entry {
    var ends: (UInt64, UInt64) = (0, 0)
    var tokens: (UInt32, UInt32, UInt32) = (0, 0, 0)
    /// 0 while the slot is empty.
    var byteCount: UInt16 = 0
    var tokenCount: UInt16 = 0
  }

  static let longestPiece = 16
  private static let bits: UInt64 = 13
  private let entries: UnsafeMutablePointer<Entry>

  init() {
    entries = .allocate(capacity: 1 << Int(Self.bits))
    entries.initialize(repeating: Entry(), count: 1 << Int(Self.bits))
  }

  deinit { entries.deallocate() }

  /// Appends the tokens of a piece and returns true if the piece is cached. One cache serves one vocabulary.
  @inline(__always)
  func append(
    _ ends: (UInt64, UInt64), _ count: Int, _ hash: UInt64, to output: inout TokenBuffer
  ) -> Bool {
    let entry = entries + Int(truncatingIfNeeded: hash >> (64 - Self.bits))
    guard entry.pointee.ends.0 == ends.0, entry.pointee.ends.1 == ends.1,
      Int(entry.pointee.byteCount) == count
    else { return false }
    // Writing all three without a branch is faster than writing as many as there are.
    output.reserve(3)
    output.append(entry.pointee.tokens.0)
    output.append(entry.pointee.tokens.1)
    output.append(entry.pointee.tokens.2)
    output.count &+= Int(entry.pointee.tokenCount) &- 3
    return true
  }

  /// Caches the tokens of `output` from `base` on as the encoding of a piece, unless there are more than
  /// three.
  @inline(__always)
  func store(
    _ ends: (UInt64, UInt64), _ count: Int, _ hash: UInt64, _ output: borrowing TokenBuffer, from base: Int
  ) {
    let tokenCount = output.count &- base
    guard tokenCount <= 3 else { return }
    var entry = Entry()
    entry.ends = ends
    entry.byteCount = UInt16(truncatingIfNeeded: count)
    entry.tokenCount = UInt16(truncatingIfNeeded: tokenCount)
    if tokenCount > 0 { entry.tokens.0 = output.tokens[base] }
    if tokenCount > 1 { entry.tokens.1 = output.tokens[base &+ 1] }
    if tokenCount > 2 { entry.tokens.2 = output.tokens[base &+ 2] }
    entries[Int(truncatingIfNeeded: hash >> (64 - Self.bits))] = entry
  }
}
