/// Blocks that recurrent states will be copied to, fetched from the system before they are needed. Not thread-safe.
///
/// A kept state is copied when its sequence goes on, which is before the first token of an answer. Copying the 42 MB of
/// Mamba-2's 16 layers takes some 5 ms; but where the memory is new, a virtual machine may take 90 ms to bring it. What
/// will be needed is known, so it is brought while nobody waits.
final class StateReserve {
  private var spares: [Int: [StateBlock]] = [:]

  /// A block of its own with the same content.
  func copy(of block: StateBlock) -> StateBlock {
    guard let spare = spares[block.count]?.popLast() else { return StateBlock(copying: block) }
    spare.pointer.update(from: block.pointer, count: block.count)
    return spare
  }

  /// Fetches blocks until there are as many as are wanted.
  /// - Parameters:
  ///   - wanted: how many, by their counts of numbers; others are given up.
  ///   - isInterrupted: asked before each of them.
  func fill(_ wanted: [Int: Int], isInterrupted: () -> Bool) {
    spares = spares.filter { wanted[$0.key] != nil }
    for (count, number) in wanted {
      while spares[count]?.count ?? 0 < number {
        if isInterrupted() { return }
        spares[count, default: []].append(StateBlock(count: count))
      }
    }
  }

  /// Bytes of all blocks that are there.
  var bytes: Int { spares.values.joined().reduce(0) { $0 + $1.byteCount } }

  func removeAll() { spares.removeAll() }
}
