/// A recurrent layer's state on the CPU: two blocks of float32 numbers, which forks share until one of them
/// is written to. A fork is two references; the first operation after it copies.
package final class CPURecurrentCache: RecurrentCache {
  package let shape: RecurrentShape
  package private(set) var length: Int
  private var convolutionBlock: StateBlock
  private var stateBlock: StateBlock

  /// The state before the first position: zeros.
  convenience init(_ shape: RecurrentShape) {
    precondition(shape.stateCount >= 0 && shape.convolutionCount >= 0, "\(shape)")
    self.init(
      shape, convolution: StateBlock(count: shape.convolutionCount),
      state: StateBlock(count: shape.stateCount), length: 0)
  }

  private init(_ shape: RecurrentShape, convolution: StateBlock, state: StateBlock, length: Int) {
    self.shape = shape
    convolutionBlock = convolution
    stateBlock = state
    self.length = length
  }

  package var bytes: Int { convolutionBlock.byteCount + stateBlock.byteCount }
  package var keepsEveryPosition: Bool { false }
  package func expectedBytes(at length: Int) -> Int { bytes }

  package func forEachBlock(_ body: (ObjectIdentifier, Int) -> Void) {
    body(ObjectIdentifier(convolutionBlock), convolutionBlock.byteCount)
    body(ObjectIdentifier(stateBlock), stateBlock.byteCount)
  }

  package func canTruncate(to length: Int) -> Bool { length == self.length || length == 0 }

  package func truncate(to length: Int) {
    precondition(canTruncate(to: length), "a state of \(self.length) positions cannot go back to \(length)")
    guard length != self.length else { return }
    convolutionBlock = StateBlock(count: shape.convolutionCount)
    stateBlock = StateBlock(count: shape.stateCount)
    self.length = 0
  }

  package func fork() -> any LayerCache {
    CPURecurrentCache(shape, convolution: convolutionBlock, state: stateBlock, length: length)
  }

  // For the operations.

  /// The convolution's last inputs [taps - 1, channels], oldest first, to be read and written.
  func writableConvolution() -> UnsafeMutablePointer<Float> {
    if !isKnownUniquelyReferenced(&convolutionBlock) {
      convolutionBlock = StateBlock(copying: convolutionBlock)
    }
    return convolutionBlock.pointer
  }

  /// The state [heads, rows, columns], to be read and written.
  func writableState() -> UnsafeMutablePointer<Float> {
    if !isKnownUniquelyReferenced(&stateBlock) { stateBlock = StateBlock(copying: stateBlock) }
    return stateBlock.pointer
  }

  /// Notes that the recurrence, a layer's last operation on its cache, took in `count` positions.
  func advance(by count: Int) { length += count }
}

/// Float32 numbers of a recurrent state, aligned for vectors; shared between forks by reference.
package final class StateBlock {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  var byteCount: Int { count * MemoryLayout<Float>.stride }

  /// A block of zeros.
  init(count: Int) {
    self.count = count
    pointer = Self.allocate(count)
    pointer.initialize(repeating: 0, count: count)
  }

  /// A block of its own with the same content.
  init(copying other: StateBlock) {
    count = other.count
    pointer = Self.allocate(count)
    pointer.initialize(from: other.pointer, count: count)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
    UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
      .assumingMemoryBound(to: Float.self)
  }
}
