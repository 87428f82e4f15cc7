import Compute

/// The memory of all held sequences together, what they share counted once, and of each what it alone holds.
///
/// Taking a sequence in or out costs one look-up for each of its blocks; what would come free without it is
/// known at once.
struct HeldMemory {
  /// How many sequences hold a block, and the sum of their numbers: of one holder, its number.
  private struct Holders {
    var count = 0
    var sum = 0
  }

  /// Bytes of all blocks.
  private(set) var bytes = 0
  private var blocks: [ObjectIdentifier: Holders] = [:]
  private var sequences: [Int: HeldSequence] = [:]
  private var latest = 0

  /// Takes a sequence in, which is not changed while it is here.
  mutating func add(_ held: HeldSequence) {
    latest += 1
    held.number = latest
    held.ownBytes = 0
    sequences[latest] = held
    held.forEachBlock { block in
      let identity = ObjectIdentifier(block), size = block.byteCount
      let holders = blocks[identity] ?? Holders()
      if holders.count == 0 {
        bytes += size
        held.ownBytes += size
      } else if holders.count == 1 {
        sequences[holders.sum]?.ownBytes -= size
      }
      blocks[identity] = Holders(count: holders.count + 1, sum: holders.sum + held.number)
    }
  }

  /// Takes a sequence out.
  mutating func remove(_ held: HeldSequence) {
    guard sequences[held.number] === held else { return }
    held.forEachBlock { block in
      let identity = ObjectIdentifier(block), size = block.byteCount
      guard var holders = blocks[identity] else { return }
      holders.count -= 1
      holders.sum -= held.number
      blocks[identity] = holders.count == 0 ? nil : holders
      if holders.count == 0 { bytes -= size }
      if holders.count == 1 { sequences[holders.sum]?.ownBytes += size }
    }
    sequences[held.number] = nil
  }
}

/// Blocks of sequences that are to leave, which it does not hold: afterwards it tells what came free.
struct LeavingBlocks {
  private struct Block {
    weak var owner: (any CacheBlock)?
    let bytes: Int
  }

  private var blocks: [ObjectIdentifier: Block] = [:]

  mutating func add(_ held: HeldSequence) {
    held.forEachBlock { blocks[ObjectIdentifier($0)] = Block(owner: $0, bytes: $0.byteCount) }
  }

  /// Bytes of the blocks that nobody holds any more.
  var freeBytes: Int { blocks.values.reduce(0) { $1.owner == nil ? $0 + $1.bytes : $0 } }
}
