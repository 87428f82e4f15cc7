import Basics
import CCUDA
import Compute

// Saving and restoring: the blocks have the host's layout, so that a session saved by one backend is restored by another.

extension CUDABackend {
  /// The content of a block, to be read later on any thread. The block is not written to while this refers to it.
  func deferred(_ buffer: CUDABuffer) -> CacheImage.Block {
    let block = DeviceBlock(buffer: buffer, context: context, stream: stream)
    return .deferred(count: buffer.byteCount) { () throws(CacheImageError) in try block.read() }
  }

  /// A block with the content of an image's.
  func restored(_ block: CacheImage.Block) throws(CacheImageError) -> CUDABuffer {
    let bytes = try block.read(), buffer = take(bytes: bytes.count)
    enqueue {
      sotto_cuda_copy_in(
        context.handle, buffer.address, bytes.pointer.baseAddress, bytes.count, stream.handle)
    }
    return buffer
  }
}

/// A block of device memory that is read on any thread.
private struct DeviceBlock: @unchecked Sendable {
  let buffer: CUDABuffer
  let context: CUDAContext
  let stream: CUDAStream

  func read() throws(CacheImageError) -> Bytes {
    let memory = OwnedMemory(count: buffer.byteCount)
    let code = sotto_cuda_copy_out(
      context.handle, memory.pointer, buffer.address, buffer.byteCount, stream.handle)
    let waited = code != 0 ? code : sotto_cuda_wait(context.handle, stream.handle)
    guard waited == 0 else { throw .unreadable("\(CUDAProblem(code: waited))") }
    return memory.bytes
  }
}

extension CUDAKeyValueCache {
  private static let plane = "pages"
  /// Larger than in any model; prevents overflows when page sizes are computed.
  private static let largestValueHeadSize = 1 << 16

  func image() -> CacheImage {
    CacheImage(
      layout: .keyValue(imageLayout), length: length,
      planes: [CacheImage.Plane(name: Self.plane, blocks: pages.map { backend.deferred($0) })])
  }

  private var imageLayout: KeyValueLayout {
    KeyValueLayout(
      heads: heads, headSize: headSize, valueHeadSize: valueHeadSize ?? 0, window: window, origin: origin,
      format: format, sharesValues: sharedValues != nil)
  }

  func validate(_ image: CacheImage) throws(CacheImageError) { _ = try parts(image) }

  func restore(_ image: CacheImage) throws(CacheImageError) {
    let (layout, blocks) = try parts(image)
    var pages: [CUDABuffer] = []
    for block in blocks { pages.append(try backend.restored(block)) }
    valueHeadSize = layout.valueHeadSize > 0 ? layout.valueHeadSize : nil
    length = image.length
    origin = layout.origin
    self.pages = pages
    table = nil
  }

  /// The image's layout and pages, validated.
  private func parts(_ image: CacheImage) throws(CacheImageError) -> (KeyValueLayout, [CacheImage.Block]) {
    guard length == 0, pages.isEmpty else { throw .notEmpty }
    guard case .keyValue(let found) = image.layout, found.heads == heads, found.headSize == headSize,
      found.window == window, found.format == format, found.sharesValues == (sharedValues != nil),
      sharedValues.map({ $0 == found.valueHeadSize }) ?? true
    else {
      throw .layout(found: "\(image.layout)", expected: "\(CacheImage.Layout.keyValue(imageLayout))")
    }
    let length = image.length, origin = found.origin, sizes = 0...Self.largestValueHeadSize
    guard sizes.contains(found.valueHeadSize), found.valueHeadSize > 0 || length == 0 else {
      throw .layout(found: "\(image.layout)", expected: "value heads of up to \(Self.largestValueHeadSize)")
    }
    guard length >= 0, origin >= 0, origin <= length, origin % Self.pagePositions == 0 else {
      throw .positions("\(length) positions from \(origin) on")
    }
    // The next query sees the window that ends with it.
    guard origin == 0 || window.map({ origin <= length - $0 + 1 }) == true else {
      throw .positions("\(length) positions, held from \(origin) on only")
    }
    let count = (length - origin + Self.pagePositions - 1) / Self.pagePositions
    let size = pageBytes(valueHeadSize: found.valueHeadSize)
    return (found, try image.blocks(Self.plane, count: count, size: size))
  }
}
