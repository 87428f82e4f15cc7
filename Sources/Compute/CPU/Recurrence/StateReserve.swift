import Foundation

/// Blocks that recurrent states will be copied to, fetched from the system before they are needed.
///
/// A kept state is copied when its sequence goes on, which is before the first token of an answer. Copying the 42 MB of
/// Mamba-2's 16 layers takes some 5 ms; but where the memory is new, a virtual machine may take 90 ms to bring it. What
/// will be needed is known, so it is brought while nobody waits.
///
/// States may outlive the backend whose reserve they know, and go on in another; so any thread may use it.
package final class StateReserve: @unchecked Sendable {
  // `spares` is touched only while `lock` is held. What is taken out belongs to whoever took it.
  private let lock = NSLock()
  private var spares: [Int: [CopyOnWriteBlock]] = [:]

  package init() {}

  /// A block of its own with the same content.
  package func copy(of block: CopyOnWriteBlock) -> CopyOnWriteBlock {
    guard let spare = lock.withLock({ spares[block.count]?.popLast() }) else {
      return CopyOnWriteBlock(copying: block)
    }
    spare.floats.update(from: block.floats, count: block.count)
    return spare
  }

  /// Fetches blocks until there are as many as are wanted.
  /// - Parameters:
  ///   - wanted: how many, by their counts of numbers; others are given up.
  ///   - isInterrupted: asked before each of them.
  package func fill(_ wanted: [Int: Int], isInterrupted: () -> Bool) {
    lock.withLock { spares = spares.filter { wanted[$0.key] != nil } }
    for (count, number) in wanted {
      while lock.withLock({ spares[count]?.count ?? 0 }) < number {
        if isInterrupted() { return }
        let block = CopyOnWriteBlock(count: count)
        lock.withLock { spares[count, default: []].append(block) }
      }
    }
  }

  /// Bytes of all blocks that are there.
  package var bytes: Int { lock.withLock { spares.values.joined().reduce(0) { $0 + $1.byteCount } } }

  /// Gives all of them back.
  package func removeAll() { lock.withLock { spares.removeAll() } }
}
