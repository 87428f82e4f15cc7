import Compute
import Testing

@Suite struct CPUBufferTests {
  @Test func blocksFitAndAreAligned() {
    let pool = BufferPool()
    for count in [0, 1, 63, 64, 65, 79, 80, 81, 127, 128, 129, 1000, 4096, 4097, 1 << 20] {
      let buffer = pool.take(count)
      #expect(buffer.capacity >= count && (count < 64 || buffer.capacity <= count + count / 4 + 1))
      #expect(Int(bitPattern: buffer.pointer) % 64 == 0)
    }
  }

  @Test func aRepeatedStepAllocatesNothing() {
    let pool = BufferPool()
    func step() { _ = (0..<20).map { pool.take(100 * $0 * $0 + 5) } }
    step()
    let bytes = pool.bytes
    for _ in 0..<100 { step() }
    #expect(pool.bytes == bytes)
  }

  @Test func blocksInUseAreNotReused() {
    let pool = BufferPool()
    let held = (0..<50).map { pool.take(10 + $0) }
    #expect(Set(held.map(\.pointer)).count == held.count)
  }

  @Test func unusedMemoryIsReturnedToTheSystem() {
    let pool = BufferPool()
    _ = pool.take(BufferPool.kept)
    #expect(pool.bytes >= 4 * BufferPool.kept)
    for _ in 0..<10_000 { _ = pool.take(100) }
    #expect(pool.bytes < 10_000)
    pool.releaseAll()
    #expect(pool.bytes == 0)
  }

  @Test func memoryOfAShortPromptIsKeptDuringALongAnswer() {
    let pool = BufferPool()
    func prompt() { _ = (0..<20).map { pool.take(100_000 + 10_000 * $0) } }
    prompt()
    let short = pool.bytes
    _ = pool.take(BufferPool.kept)
    for _ in 0..<10_000 { _ = pool.take(100) }
    let answered = pool.bytes
    #expect(answered >= short && answered < short + 10_000)
    prompt()
    #expect(pool.bytes == answered)
  }
}

@Suite struct CPUBackendTests {
  @Test func releasingUnusedMemoryKeepsTensors() {
    let backend = CPUBackend(precision: .exact, threads: 1)
    let kept = backend.tensor([1, 2, 3], columns: 3)
    for _ in 0..<3 { _ = backend.add(kept, kept, scale: 1) }
    let before = backend.buffers.bytes
    backend.releaseUnusedMemory()
    #expect(backend.buffers.bytes < before && backend.values(kept) == [1, 2, 3])
  }

  @Test func viewsShareAndCopiesDoNot() {
    let backend = CPUBackend(precision: .exact, threads: 1)
    let x = backend.tensor((0..<24).map(Float.init), columns: 6)
    #expect(backend.values(x) == (0..<24).map(Float.init))
    #expect(backend.values(backend.columns(x, 2..<4)) == [2, 3, 8, 9, 14, 15, 20, 21])
    #expect(backend.values(backend.rows(x, [1, 2])) == (6..<18).map(Float.init))
    #expect(backend.values(backend.rows(backend.columns(x, 1..<3), [3, 0, 3])) == [19, 20, 1, 2, 19, 20])
    #expect(backend.values(backend.rows(x, [])) == [])
  }
}
