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
  func image() -> CacheImage {
    CacheImage(
      layout: .keyValue(imageLayout), length: length,
      planes: [CacheImage.Plane(name: Self.imagePlane, blocks: pages.map { backend.deferred($0) })])
  }

  func restore(_ image: CacheImage) throws(CacheImageError) {
    let (layout, blocks) = try parts(of: image)
    var pages: [CUDABuffer] = []
    for block in blocks { pages.append(try backend.restored(block)) }
    valueHeadSize = layout.valueHeadSize > 0 ? layout.valueHeadSize : nil
    length = image.length
    origin = layout.origin
    self.pages = pages
    table = nil
  }
}
