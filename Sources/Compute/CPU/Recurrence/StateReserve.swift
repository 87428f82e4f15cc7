import Foundation

/// Preallocated blocks for copies of recurrent states.
///
/// A held state is copied when its sequence resumes, which delays the first token of an answer. Copying the 42 MB of
/// 16 layers of Mamba-2 takes about 5 ms, but allocating new memory can take 90 ms on a virtual machine. The sizes
/// are known in advance, so the memory is allocated while the generator is idle.
///
/// Thread-safe: states may outlive the backend that owns the reserve and be used with another one.
package final class StateReserve: @unchecked Sendable {
  // `spares` is accessed only while `lock` is held. A block that was taken belongs to the caller.
  private let lock = NSLock()
  private var spares: [Int: [CopyOnWriteBlock]] = [:]

  package init() {}

  /// A copy of a block, in memory of its own.
  package func copy(of block: CopyOnWriteBlock) -> CopyOnWriteBlock {
    guard let spare = lock.withLock({ spares[block.count]?.popLast() }) else {
      return CopyOnWriteBlock(copying: block)
    }
    spare.floats.update(from: block.floats, count: block.count)
    return spare
  }

  /// Allocates blocks until there are as many as wanted.
  /// - Parameters:
  ///   - wanted: the number of blocks for each size; blocks of other sizes are freed.
  ///   - isInterrupted: polled before each allocation.
  package func fill(_ wanted: [Int: Int], isInterrupted: () -> Bool) {
    lock.withLock { spares = spares.filter { wanted[$0.key] != nil } }
    for (count, number) in wanted {
      while lock.withLock({ spares[count]?.count ?? 0 }) < number {
        if isInterrupted() { return }
        let block = CopyOnWriteBlock(count: count)
        block.makeResident()
        lock.withLock { spares[count, default: []].append(block) }
      }
    }
  }

  /// Bytes of all blocks.
  package var bytes: Int { lock.withLock { spares.values.joined().reduce(0) { $0 + $1.byteCount } } }

  /// Frees all blocks.
  package func removeAll() { lock.withLock { spares.removeAll() } }
}
