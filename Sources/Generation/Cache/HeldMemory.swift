import Compute

/// The memory of all held sequences: the total, in which shared blocks count once, and the bytes that each sequence
/// does not share. Adding or removing a sequence costs one look-up per block.
struct HeldMemory {
  /// The number of sequences that hold a block, and the sum of their ids; with one holder, the sum is its id.
  private struct Holders {
    var count = 0
    var sum = 0
  }

  /// Bytes of all blocks.
  private(set) var bytes = 0
  private var blocks: [ObjectIdentifier: Holders] = [:]
  private var sequences: [Int: HeldSequence] = [:]
  private var latest = 0

  /// Adds a sequence, which must not change while it is held.
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

  /// Removes a sequence.
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

/// The blocks of evicted sequences, referenced weakly, to count the bytes that were freed.
struct EvictedBlocks {
  private struct Block {
    weak var owner: (any CacheBlock)?
    let bytes: Int
  }

  private var blocks: [ObjectIdentifier: Block] = [:]

  mutating func add(_ held: HeldSequence) {
    held.forEachBlock { blocks[ObjectIdentifier($0)] = Block(owner: $0, bytes: $0.byteCount) }
  }

  /// Bytes of the blocks that have been deallocated.
  var freeBytes: Int { blocks.values.reduce(0) { $1.owner == nil ? $0 + $1.bytes : $0 } }
}
