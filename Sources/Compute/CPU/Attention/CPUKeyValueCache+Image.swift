import Basics
import CKernels

// Saving keys and values: the pages as they are in memory. Files depend on the page layout; changing it requires a
// new file version (`PromptFile.version`).
extension CPUKeyValueCache {
  package func image() -> CacheImage {
    return CacheImage(
      layout: .keyValue(imageLayout), length: length,
      planes: [CacheImage.Plane(name: Self.imagePlane, blocks: pages.map(\.bytes))])
  }

  package func restore(_ image: CacheImage) throws(CacheImageError) {
    let (layout, blocks) = try parts(of: image)
    var pages: [CopyOnWriteBlock] = []
    for block in blocks { pages.append(CopyOnWriteBlock(try block.read())) }
    valueHeadSize = layout.valueHeadSize > 0 ? layout.valueHeadSize : nil
    length = image.length
    origin = layout.origin
    self.pages = pages
    pointers = pages.map(\.pointer)
  }
}

extension CacheFormat {
  /// The kernels' constant.
  var kernel: sotto_cache_format {
    switch self {
    case .float32: SOTTO_CACHE_F32
    case .float16: SOTTO_CACHE_F16
    case .int8: SOTTO_CACHE_I8
    }
  }

  init(_ format: sotto_cache_format) {
    self = Self.allCases.first { $0.kernel == format } ?? .float32
  }
}
