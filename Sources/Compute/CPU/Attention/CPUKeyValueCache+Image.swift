import Basics
import CKernels

// Saving keys and values: the pages as they are in memory. Files depend on the page layout; changing it requires a
// new file version (`PromptFile.version`).
extension CPUKeyValueCache {
  private static let plane = "pages"
  /// Larger than in any model; prevents overflows when page sizes are computed.
  private static let largestValueHeadSize = 1 << 16

  package func image() -> CacheImage {
    let layout = KeyValueLayout(
      heads: heads, headSize: headSize, valueHeadSize: valueHeadSize ?? 0, window: window, origin: origin,
      format: CacheFormat(format), sharesValues: sharedValues != nil)
    return CacheImage(
      layout: .keyValue(layout), length: length,
      planes: [CacheImage.Plane(name: Self.plane, blocks: pages.map(\.bytes))])
  }

  package func validate(_ image: CacheImage) throws(CacheImageError) { _ = try parts(image) }

  package func restore(_ image: CacheImage) throws(CacheImageError) {
    let (layout, blocks) = try parts(image)
    var pages: [CopyOnWriteBlock] = []
    for block in blocks { pages.append(CopyOnWriteBlock(try block.read())) }
    valueHeadSize = layout.valueHeadSize > 0 ? layout.valueHeadSize : nil
    length = image.length
    origin = layout.origin
    self.pages = pages
    pointers = pages.map(\.pointer)
  }

  /// The image's layout and pages, validated.
  private func parts(_ image: CacheImage) throws(CacheImageError) -> (KeyValueLayout, [CacheImage.Block]) {
    guard length == 0, pages.isEmpty else { throw .notEmpty }
    guard case .keyValue(let found) = image.layout, found.heads == heads, found.headSize == headSize,
      found.window == window, found.format == CacheFormat(format),
      found.sharesValues == (sharedValues != nil), sharedValues.map({ $0 == found.valueHeadSize }) ?? true
    else {
      throw .layout(found: "\(image.layout)", expected: "\(self.image().layout)")
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
    var layout = layout(valueHeadSize: found.valueHeadSize)
    return (found, try image.blocks(Self.plane, count: count, size: sotto_page_bytes(&layout)))
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
