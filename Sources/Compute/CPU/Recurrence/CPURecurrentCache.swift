import Basics

/// A recurrent layer's state on the CPU: two blocks of float32 numbers, shared between forks and copied on write.
package final class CPURecurrentCache: RecurrentCache {
  package let shape: RecurrentShape
  /// The positions of each part. They differ during a pass and after one that failed.
  private var lengths: (convolution: Int, state: Int)
  private var convolutionBlock: CopyOnWriteBlock
  private var stateBlock: CopyOnWriteBlock
  private let reserve: StateReserve

  /// The state before the first position: zeros.
  /// - Parameter reserve: the source of memory for copies.
  convenience init(_ shape: RecurrentShape, reserve: StateReserve) {
    precondition(shape.stateCount >= 0 && shape.convolutionCount >= 0, "\(shape)")
    self.init(
      shape, reserve, convolution: CopyOnWriteBlock(count: shape.convolutionCount),
      state: CopyOnWriteBlock(count: shape.stateCount), lengths: (0, 0))
  }

  private init(
    _ shape: RecurrentShape, _ reserve: StateReserve, convolution: CopyOnWriteBlock, state: CopyOnWriteBlock,
    lengths: (convolution: Int, state: Int)
  ) {
    self.shape = shape
    self.reserve = reserve
    convolutionBlock = convolution
    stateBlock = state
    self.lengths = lengths
  }

  /// The recurrence's position, or the convolution's if there is no recurrence.
  package var length: Int { shape.stateCount > 0 ? lengths.state : lengths.convolution }
  /// Whether both parts are at the same position.
  private var isWhole: Bool {
    shape.stateCount == 0 || shape.channels == 0 || lengths.convolution == lengths.state
  }

  package var bytes: Int { convolutionBlock.byteCount + stateBlock.byteCount }
  package var keepsEveryPosition: Bool { false }
  package func expectedBytes(at length: Int) -> Int { bytes }

  package func forEachBlock(_ body: (any CacheBlock) -> Void) {
    body(convolutionBlock)
    body(stateBlock)
  }

  package func canTruncate(to length: Int) -> Bool { length == 0 || isWhole && length == self.length }

  package func truncate(to length: Int) {
    precondition(canTruncate(to: length), "a state of \(self.length) positions cannot go back to \(length)")
    guard length != self.length || !isWhole else { return }
    convolutionBlock = CopyOnWriteBlock(count: shape.convolutionCount)
    stateBlock = CopyOnWriteBlock(count: shape.stateCount)
    lengths = (0, 0)
  }

  package func fork() -> any LayerCache {
    CPURecurrentCache(shape, reserve, convolution: convolutionBlock, state: stateBlock, lengths: lengths)
  }

  // Saving

  package func image() -> CacheImage {
    CacheImage(
      layout: .recurrent(shape), length: length,
      planes: [
        CacheImage.Plane(name: Self.planes.convolution, blocks: [convolutionBlock.bytes]),
        CacheImage.Plane(name: Self.planes.state, blocks: [stateBlock.bytes]),
      ])
  }

  package func validate(_ image: CacheImage) throws(CacheImageError) { _ = try parts(image) }

  package func restore(_ image: CacheImage) throws(CacheImageError) {
    let (convolution, state) = try parts(image)
    convolutionBlock = CopyOnWriteBlock(convolution)
    stateBlock = CopyOnWriteBlock(state)
    lengths = (image.length, image.length)
  }

  private static let planes = (convolution: "convolution", state: "state")

  /// The image's two planes, validated.
  private func parts(_ image: CacheImage) throws(CacheImageError) -> (convolution: Bytes, state: Bytes) {
    guard lengths == (0, 0) else { throw .notEmpty }
    guard image.layout == .recurrent(shape) else {
      throw .layout(found: "\(image.layout)", expected: "\(CacheImage.Layout.recurrent(shape))")
    }
    guard image.length >= 0 else { throw .positions("\(image.length) positions") }
    let convolution = try image.blocks(
      Self.planes.convolution, count: 1, size: convolutionBlock.byteCount)
    let state = try image.blocks(Self.planes.state, count: 1, size: stateBlock.byteCount)
    return (try convolution[0].read(), try state[0].read())
  }

  // For the operations

  /// The convolution's last inputs [taps - 1, channels], oldest first, for reading and writing.
  func writableConvolution() -> UnsafeMutablePointer<Float> {
    if !convolutionBlock.isWritable || !isKnownUniquelyReferenced(&convolutionBlock) {
      convolutionBlock = reserve.copy(of: convolutionBlock)
    }
    return convolutionBlock.floats
  }

  /// The state [heads, rows, columns], for reading and writing.
  func writableState() -> UnsafeMutablePointer<Float> {
    if !stateBlock.isWritable || !isKnownUniquelyReferenced(&stateBlock) {
      stateBlock = reserve.copy(of: stateBlock)
    }
    return stateBlock.floats
  }

  /// The sizes of its two blocks, in numbers.
  var blockCounts: [Int] { [shape.convolutionCount, shape.stateCount] }

  /// Advances the convolution's position.
  func advanceConvolution(by count: Int) { lengths.convolution += count }

  /// Advances the recurrence's position.
  func advanceState(by count: Int) { lengths.state += count }
}
