import Compute
import Testing

/// Preallocated memory for copies of recurrent states.
@Suite struct StateReserveTests {
  private func block(_ numbers: [Float]) -> CopyOnWriteBlock {
    let block = CopyOnWriteBlock(count: numbers.count)
    block.floats.update(from: numbers, count: numbers.count)
    return block
  }

  private func numbers(_ block: CopyOnWriteBlock) -> [Float] {
    Array(UnsafeBufferPointer(start: block.floats, count: block.count))
  }

  @Test func copiesAreEqualAndIndependent() {
    let reserve = StateReserve(), original = block([1, 2, 3])
    reserve.fill([3: 1], isInterrupted: { false })
    // The first copy uses the spare block, the second finds none.
    let copies = [reserve.copy(of: original), reserve.copy(of: original)]
    #expect(reserve.bytes == 0)
    copies[0].floats[0] = 7
    #expect(numbers(original) == [1, 2, 3])
    #expect(numbers(copies[0]) == [7, 2, 3])
    #expect(numbers(copies[1]) == [1, 2, 3])
  }

  @Test func blocksOfAnotherSizeAreNotUsed() {
    let reserve = StateReserve()
    reserve.fill([4: 1], isInterrupted: { false })
    #expect(numbers(reserve.copy(of: block([5, 6]))) == [5, 6])
    #expect(reserve.bytes == 16)
  }

  @Test func theReserveHoldsWhatIsWanted() {
    let reserve = StateReserve()
    reserve.fill([10: 2, 100: 1], isInterrupted: { false })
    #expect(reserve.bytes == 480)
    reserve.fill([10: 2, 100: 1], isInterrupted: { false })
    #expect(reserve.bytes == 480, "what is there is not fetched again")
    reserve.fill([10: 3], isInterrupted: { false })
    #expect(reserve.bytes == 120)
    reserve.removeAll()
    #expect(reserve.bytes == 0)
  }

  @Test func aSaveIsCancelledBetweenBlocks() {
    let reserve = StateReserve()
    var left = 2
    reserve.fill([10: 5]) {
      left -= 1
      return left < 0
    }
    #expect(reserve.bytes == 80)
  }

  @Test func aBackendPreparesTwoCopiesOfEachRecurrentState() {
    let backend = CPUBackend(precision: .exact, threads: 1)
    let shape = RecurrentShape(channels: 5, taps: 3, heads: 2, rows: 3, columns: 4)
    let caches: [any LayerCache] = [
      backend.recurrentCache(shape), backend.keyValueCache(heads: 1, headSize: 16, window: nil),
      backend.recurrentCache(shape),
    ]
    backend.prepare(for: caches, isInterrupted: { false })
    #expect(backend.states.bytes == 2 * 2 * (2 * 3 * 4 + 2 * 5) * 4)
    backend.releaseUnusedMemory()
    #expect(backend.states.bytes == 0)
  }

  @Test func theReserveIsFreedWithTheBackend() {
    var backend: CPUBackend? = CPUBackend(precision: .exact, threads: 1)
    let cache = backend?.recurrentCache(RecurrentShape(channels: 0, taps: 1, heads: 1, rows: 4, columns: 4))
    backend?.prepare(for: [cache].compactMap { $0 }, isInterrupted: { false })
    let reserve = backend?.states
    #expect(reserve?.bytes == 2 * 64)
    backend = nil
    #expect(reserve?.bytes == 0)
  }
}
