/// Float32 numbers in memory that is aligned to 64 bytes, taken from a `BufferPool` and given back to it
/// when the last tensor that views them is gone. Costs one small object; the memory is recycled.
package final class CPUBuffer {
  package let pointer: UnsafeMutablePointer<Float>
  /// Numbers that fit; at least as many as were asked for. Their values are arbitrary at first.
  package let capacity: Int
  private let pool: BufferPool

  fileprivate init(pointer: UnsafeMutablePointer<Float>, capacity: Int, pool: BufferPool) {
    self.pointer = pointer
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.give(pointer, capacity: capacity) }
}

/// Memory of one backend for activations and scratch: free blocks are kept in lists by size class, so that
/// a decoding step takes no new memory from the system.
///
/// Classes are four to an octave: a block is at most a quarter larger than what was asked for. Free
/// blocks that nobody took for a while go back to the system, the largest first, so that one long prompt is
/// not paid for forever; what a short prompt needs stays, for one follows every answer, and new memory is slow
/// on a virtual machine. Not thread-safe.
package final class BufferPool {
  private struct SizeClass {
    var free: [UnsafeMutablePointer<Float>] = []
    /// The value of `takes` at the last take from this class.
    var lastTake = 0
  }

  private var classes: [SizeClass] = []
  private var takes = 0
  /// Bytes taken from the system, in use or free.
  package private(set) var bytes = 0

  private static let alignment = 64
  private static let smallest = 64
  /// Takes after which an unused class is emptied: some ten decoding steps.
  private static let patience = 4096
  /// Bytes of free blocks that stay however long nobody takes them.
  package static let kept = 32 << 20

  package init() {}

  deinit {
    for list in classes { for block in list.free { block.deallocate() } }
  }

  /// A block of at least `count` numbers with arbitrary values.
  package func take(_ count: Int) -> CPUBuffer {
    let (index, capacity) = Self.sizeClass(count)
    while classes.count <= index { classes.append(SizeClass()) }
    takes += 1
    classes[index].lastTake = takes
    if takes % Self.patience == 0 { releaseUnused() }
    if let block = classes[index].free.popLast() {
      return CPUBuffer(pointer: block, capacity: capacity, pool: self)
    }
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: capacity * MemoryLayout<Float>.stride, alignment: Self.alignment)
    bytes += capacity * MemoryLayout<Float>.stride
    return CPUBuffer(pointer: raw.assumingMemoryBound(to: Float.self), capacity: capacity, pool: self)
  }

  fileprivate func give(_ block: UnsafeMutablePointer<Float>, capacity: Int) {
    classes[Self.sizeClass(capacity).index].free.append(block)
  }

  /// Gives every free block back to the system.
  package func releaseAll() {
    for index in classes.indices { release(index) }
  }

  private func releaseUnused() {
    var free = classes.indices.reduce(0) { $0 + freeBytes($1) }
    for index in classes.indices.reversed()
    where free > Self.kept && takes - classes[index].lastTake >= Self.patience {
      free -= freeBytes(index)
      release(index)
    }
  }

  private func release(_ index: Int) {
    bytes -= freeBytes(index)
    for block in classes[index].free { block.deallocate() }
    classes[index].free.removeAll()
  }

  /// Bytes of a class's free blocks.
  private func freeBytes(_ index: Int) -> Int {
    classes[index].free.count * Self.capacity(index) * MemoryLayout<Float>.stride
  }

  /// The class of blocks that hold `count` numbers, and their capacity: 64 * {4, 5, 6, 7}/4 * 2^octave.
  static func sizeClass(_ count: Int) -> (index: Int, capacity: Int) {
    guard count > smallest else { return (0, smallest) }
    // The octave of the largest number that still fits the class below.
    let octave = (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount) - smallest.trailingZeroBitCount
    let base = smallest << octave
    let quarter = base / 4
    let steps = (count - base + quarter - 1) / quarter
    return (octave * 4 + steps, base + steps * quarter)
  }

  private static func capacity(_ index: Int) -> Int {
    let base = smallest << (index / 4)
    return base + base / 4 * (index % 4)
  }
}
