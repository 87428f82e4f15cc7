import CCUDA
import Compute

/// A recurrent layer's state on a device: two blocks of float32 numbers, shared between forks and copied on write.
final class CUDARecurrentCache: RecurrentCache, CUDALayerCache {
  let shape: RecurrentShape
  /// The positions of each part. They differ during a pass and after one that failed.
  private var lengths: (convolution: Int, state: Int)
  private var convolutionBlock: CUDABuffer
  private var stateBlock: CUDABuffer
  private let backend: CUDABackend

  /// The state before the first position: zeros.
  convenience init(_ shape: RecurrentShape, _ backend: CUDABackend) {
    precondition(shape.stateCount >= 0 && shape.convolutionCount >= 0, "\(shape)")
    self.init(
      shape, backend, convolution: backend.zeros(bytes: 4 * shape.convolutionCount),
      state: backend.zeros(bytes: 4 * shape.stateCount), lengths: (0, 0))
  }

  private init(
    _ shape: RecurrentShape, _ backend: CUDABackend, convolution: CUDABuffer, state: CUDABuffer,
    lengths: (convolution: Int, state: Int)
  ) {
    self.shape = shape
    self.backend = backend
    convolutionBlock = convolution
    stateBlock = state
    self.lengths = lengths
  }

  /// The recurrence's position, or the convolution's if there is no recurrence.
  var length: Int { shape.stateCount > 0 ? lengths.state : lengths.convolution }
  /// Whether both parts are at the same position.
  private var isWhole: Bool {
    shape.stateCount == 0 || shape.channels == 0 || lengths.convolution == lengths.state
  }

  var bytes: Int { convolutionBlock.byteCount + stateBlock.byteCount }
  var keepsEveryPosition: Bool { false }
  func expectedBytes(at length: Int) -> Int { bytes }

  func forEachBlock(_ body: (any CacheBlock) -> Void) {
    body(convolutionBlock)
    body(stateBlock)
  }

  func canTruncate(to length: Int) -> Bool { length == 0 || isWhole && length == self.length }

  func truncate(to length: Int) {
    precondition(canTruncate(to: length), "a state of \(self.length) positions cannot go back to \(length)")
    guard length != self.length || !isWhole else { return }
    convolutionBlock = backend.zeros(bytes: 4 * shape.convolutionCount)
    stateBlock = backend.zeros(bytes: 4 * shape.stateCount)
    lengths = (0, 0)
  }

  func fork() -> any LayerCache {
    CUDARecurrentCache(shape, backend, convolution: convolutionBlock, state: stateBlock, lengths: lengths)
  }

  func image() -> CacheImage {
    CacheImage(
      layout: .recurrent(shape), length: length,
      planes: [
        CacheImage.Plane(name: Self.planes.convolution, blocks: [backend.deferred(convolutionBlock)]),
        CacheImage.Plane(name: Self.planes.state, blocks: [backend.deferred(stateBlock)]),
      ])
  }

  func validate(_ image: CacheImage) throws(CacheImageError) { _ = try parts(image) }

  func restore(_ image: CacheImage) throws(CacheImageError) {
    let (convolution, state) = try parts(image)
    let restored = (try backend.restored(convolution), try backend.restored(state))
    (convolutionBlock, stateBlock) = restored
    lengths = (image.length, image.length)
  }

  private static let planes = (convolution: "convolution", state: "state")

  /// The image's two planes, validated.
  private func parts(
    _ image: CacheImage
  ) throws(CacheImageError) -> (convolution: CacheImage.Block, state: CacheImage.Block) {
    guard lengths == (0, 0) else { throw .notEmpty }
    guard image.layout == .recurrent(shape) else {
      throw .layout(found: "\(image.layout)", expected: "\(CacheImage.Layout.recurrent(shape))")
    }
    guard image.length >= 0 else { throw .positions("\(image.length) positions") }
    let convolution = try image.blocks(Self.planes.convolution, count: 1, size: convolutionBlock.byteCount)
    let state = try image.blocks(Self.planes.state, count: 1, size: stateBlock.byteCount)
    return (convolution[0], state[0])
  }

  /// The address of the convolution's last inputs [taps - 1, channels], oldest first, for reading and writing.
  func writableConvolution() -> UInt64 {
    if !isKnownUniquelyReferenced(&convolutionBlock) { convolutionBlock = backend.copy(of: convolutionBlock) }
    return convolutionBlock.address
  }

  /// The address of the state [heads, rows, columns], for reading and writing.
  func writableState() -> UInt64 {
    if !isKnownUniquelyReferenced(&stateBlock) { stateBlock = backend.copy(of: stateBlock) }
    return stateBlock.address
  }

  func prepareStep() -> CUDAStep.Key? {
    guard length > 0, isWhole else { return nil }
    return CUDAStep.Key(first: writableConvolution(), second: writableState())
  }

  func advanceStep() {
    if shape.channels > 0 || lengths.convolution > 0 { lengths.convolution += 1 }
    if shape.stateCount > 0 { lengths.state += 1 }
  }

  /// Advances the convolution's position.
  func advanceConvolution(by count: Int) { lengths.convolution += count }

  /// Advances the recurrence's position.
  func advanceState(by count: Int) { lengths.state += count }
}
