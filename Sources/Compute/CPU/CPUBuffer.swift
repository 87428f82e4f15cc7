/// Float32 numbers in memory aligned to 64 bytes, from a `BufferPool`. The memory is returned to the pool with the
/// last tensor that refers to it. Costs one small object.
package final class CPUBuffer {
  package let pointer: UnsafeMutablePointer<Float>
  /// The number of floats that fit, at least as many as requested. Uninitialised.
  package let capacity: Int
  private let pool: BufferPool

  fileprivate init(pointer: UnsafeMutablePointer<Float>, capacity: Int, pool: BufferPool) {
    self.pointer = pointer
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.give(pointer, capacity: capacity) }
}

/// The memory of one backend for activations and scratch. Free blocks are kept in lists by size class, so that a
/// decoding step allocates nothing from the system.
///
/// There are four size classes per octave: a block is at most a quarter larger than requested. Free blocks that have
/// not been used for a while are returned to the system, the largest first, so that a long prompt does not occupy
/// memory forever. What a short prompt needs is kept, since one follows every answer and new memory is slow on a
/// virtual machine. Not thread-safe.
package final class BufferPool {
  private struct SizeClass {
    var free: [UnsafeMutablePointer<Float>] = []
    /// The value of `takes` at the last take from this class.
    var lastTake = 0
  }

  private var classes: [SizeClass] = []
  private var takes = 0
  /// Bytes allocated from the system, in use or free.
  package private(set) var bytes = 0

  private static let alignment = 64
  private static let smallest = 64
  /// Takes after which an unused class is emptied: about ten decoding steps.
  private static let patience = 4096
  /// Bytes of free blocks that are always kept.
  package static let kept = 32 << 20

  package init() {}

  deinit {
    for list in classes { for block in list.free { block.deallocate() } }
  }

  /// A block of at least `count` uninitialised numbers.
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

  /// Returns all free blocks to the system.
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
