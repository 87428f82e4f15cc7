import Basics
import Compute
import Testing

// Compares bit for bit, so no other suite may change the instruction set meanwhile.
extension KernelTests {
  @Suite struct CacheImageTests {
    private let backend = CPUBackend(precision: .fast, threads: 1)

    private func append(_ count: Int, to cache: any KeyValueCache) throws -> [Float] {
      let numbers = (0..<count * 16).map { Float(($0 + cache.length * 31) % 97) / 50 - 1 }
      let x = backend.tensor(numbers, columns: 16)
      return backend.values(
        try backend.attention(
          query: x, key: x, value: x, caches: [cache], counts: [count],
          AttentionSettings(heads: 1, keyValueHeads: 1, headSize: 16, scale: 1, window: cache.window)))
    }

    private func content(_ image: CacheImage) throws -> [[UInt8]] {
      try image.planes.flatMap { try $0.blocks.map { try $0.read().array } }
    }

    /// The blocks of a device are read on demand and validated.
    @Test func aDeferredImageIsReadLater() throws {
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
      _ = try append(130, to: cache)
      let image = cache.image()
      func deferred(_ read: @escaping @Sendable (Bytes) throws(CacheImageError) -> Bytes) throws -> CacheImage
      {
        var deferred = image
        deferred.planes[0].blocks = try image.planes[0].blocks.map { block in
          let bytes = try block.read()
          return .deferred(count: block.count) { () throws(CacheImageError) in try read(bytes) }
        }
        return deferred
      }
      let restored = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
      let whole = try deferred { bytes in bytes }
      #expect(whole.bytes == image.bytes)
      try restored.validate(whole)
      try restored.restore(whole)
      #expect(try content(restored.image()) == content(image))
      for wrong in [
        try deferred { _ throws(CacheImageError) in throw .unreadable("no device") },
        try deferred { bytes in bytes.dropFirst(1) },
      ] {
        let empty = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
        #expect(throws: CacheImageError.self) { try empty.restore(wrong) }
        #expect(empty.length == 0 && empty.bytes == 0)
      }
    }

    /// A cache whose values are in its keys holds less, and rejects the image of one that stores both, and vice versa.
    @Test func sharedValuesAreAKindOfTheirOwn() throws {
      func shared(_ values: Int?) -> any KeyValueCache {
        backend.keyValueCache(heads: 1, headSize: 16, window: nil, sharedValues: values)
      }
      let latent = shared(16), plain = shared(nil)
      _ = try append(130, to: latent)
      _ = try append(130, to: plain)
      #expect(2 * latent.bytes == plain.bytes && latent.expectedBytes(at: 130) == latent.bytes)
      let restored = shared(16)
      try restored.restore(latent.image())
      #expect(try append(3, to: restored) == append(3, to: latent))
      #expect(throws: CacheImageError.self) { try shared(nil).restore(latent.image()) }
      #expect(throws: CacheImageError.self) { try shared(16).restore(plain.image()) }
      #expect(throws: CacheImageError.self) { try shared(15).restore(latent.image()) }
    }

    @Test(arguments: [nil, 100] as [Int?]) func anImageStaysWhatItWas(window: Int?) throws {
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: window)
      _ = try append(470, to: cache)
      let image = cache.image()
      let before = try content(image)
      #expect(image.bytes == cache.bytes && image.length == 470)
      let restored = backend.keyValueCache(heads: 1, headSize: 16, window: window)
      try restored.restore(image)
      // In place: the same memory.
      var blocks = 0
      for (a, b) in zip(restored.image().planes[0].blocks, image.planes[0].blocks)
      where try a.read().pointer.baseAddress == b.read().pointer.baseAddress { blocks += 1 }
      #expect(blocks == image.planes[0].blocks.count)
      #expect(try append(5, to: restored) == append(5, to: cache))
      #expect(try append(100, to: restored) == append(100, to: cache))
      #expect(try content(image) == before)
      #expect(try content(restored.image()) == content(cache.image()))
    }

    /// Memory that is not aligned for vectors is copied.
    @Test func unalignedMemoryIsCopied() throws {
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
      _ = try append(70, to: cache)
      var image = cache.image()
      let shifted = try image.planes[0].blocks.map { block -> CacheImage.Block in
        let bytes = Bytes(copying: [UInt8(0)] + (try block.read().array))
        return .bytes(bytes.dropFirst(1))
      }
      image.planes[0].blocks = shifted
      let restored = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
      try restored.restore(image)
      #expect(try append(5, to: restored) == append(5, to: cache))
    }

    @Test func anUnfittingImageIsRejected() throws {
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: 100)
      _ = try append(600, to: cache)
      let image = cache.image()
      guard case .keyValue(let layout) = image.layout else {
        Issue.record("no key-value image")
        return
      }
      #expect(layout.origin > 0 && layout.valueHeadSize == 16 && layout.format == .float16)
      func refused(_ change: (inout CacheImage, inout KeyValueLayout) -> Void) throws {
        var changed = image, sizes = layout
        change(&changed, &sizes)
        if sizes != layout { changed.layout = .keyValue(sizes) }
        let empty = backend.keyValueCache(heads: 1, headSize: 16, window: 100)
        let wrong = changed
        #expect(throws: CacheImageError.self) { try empty.validate(wrong) }
        #expect(throws: CacheImageError.self) { try empty.restore(wrong) }
        #expect(empty.length == 0 && empty.bytes == 0)
        let fresh = backend.keyValueCache(heads: 1, headSize: 16, window: 100)
        #expect(try append(3, to: empty) == append(3, to: fresh))
      }
      try refused { $1.heads = 2 }
      try refused { $1.headSize = 8 }
      try refused { $1.window = nil }
      try refused { $1.window = 101 }
      try refused { $1.format = .float32 }
      for size in [0, 17, -1, 1 << 40, .max] { try refused { $1.valueHeadSize = size } }
      for origin in [0, 64, layout.origin + 1, layout.origin + 64, 640, -64, .max, .min] {
        try refused { $1.origin = origin }
      }
      for length in [0, 1, 500, 700, -1, .max, .min] { try refused { image, _ in image.length = length } }
      try refused { image, _ in image.planes[0].blocks.removeLast() }
      try refused { image, _ in image.planes[0].blocks.append(image.planes[0].blocks[0]) }
      try refused { image, _ in image.planes[0].blocks[1] = .bytes(Bytes(copying: [UInt8(1)])) }
      try refused { image, _ in image.planes[0].name = "leaves" }
      try refused { image, _ in image.planes = [] }
      try refused { image, _ in
        image.layout = .recurrent(RecurrentShape(channels: 1, taps: 1, heads: 1, rows: 1, columns: 1))
      }
      #expect(throws: CacheImageError.notEmpty) { try cache.restore(image) }
    }

    /// With fewer positions than the window needs, the kernel would read out of bounds.
    @Test func aWholeWindowMustBeHeld() throws {
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: 300)
      _ = try append(640, to: cache)
      var image = cache.image()
      guard case .keyValue(var layout) = image.layout else {
        Issue.record("no key-value image")
        return
      }
      while layout.origin < 640 {
        let reaches = layout.origin <= 640 - 300 + 1
        let empty = backend.keyValueCache(heads: 1, headSize: 16, window: 300)
        if reaches {
          try empty.restore(image)
        } else {
          let short = image
          #expect(throws: CacheImageError.self) { try empty.restore(short) }
        }
        layout.origin += 64
        image.layout = .keyValue(layout)
        image.planes[0].blocks.removeFirst()
      }
    }

    @Test func valuesOfAnotherSizeAreAnError() throws {
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
      let x = backend.tensor([Float](repeating: 1, count: 16), columns: 16)
      let wide = backend.tensor([Float](repeating: 1, count: 32), columns: 32)
      let settings = AttentionSettings(heads: 1, keyValueHeads: 1, headSize: 16, scale: 1)
      _ = try backend.attention(query: x, key: x, value: wide, caches: [cache], counts: [1], settings)
      let restored = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
      try restored.restore(cache.image())
      #expect(throws: CacheImageError.self) {
        try backend.attention(query: x, key: x, value: x, caches: [restored], counts: [1], settings)
      }
      #expect(restored.length == 1)
    }

    @Test func aRecurrentStateIsRestored() throws {
      let shape = RecurrentShape(channels: 6, taps: 4, heads: 2, rows: 3, columns: 5)
      let convolution = (0..<18).map { Float($0) / 7 }, state = (0..<30).map { Float($0) / -3 }
      func image(_ shape: RecurrentShape, _ convolution: [Float], _ state: [Float], length: Int = 9)
        -> CacheImage
      {
        CacheImage(
          layout: .recurrent(shape), length: length,
          planes: [
            CacheImage.Plane(name: "convolution", blocks: [Bytes(copying: convolution)]),
            CacheImage.Plane(name: "state", blocks: [Bytes(copying: state)]),
          ])
      }
      let cache = backend.recurrentCache(shape)
      #expect(try content(cache.image()).allSatisfy { $0.allSatisfy { $0 == 0 } })
      let whole = image(shape, convolution, state)
      try cache.restore(whole)
      #expect(try cache.length == 9 && content(cache.image()) == content(whole))
      #expect(try content(cache.fork().image()) == content(whole))
      #expect(throws: CacheImageError.notEmpty) { try cache.restore(whole) }
      cache.truncate(to: 0)
      #expect(try content(cache.image()).allSatisfy { $0.allSatisfy { $0 == 0 } })
      var other = shape
      other.rows = 5
      other.columns = 3
      for wrong in [
        image(other, convolution, state), image(shape, convolution, state, length: -1),
        image(shape, convolution, Array(state.dropLast())), image(shape, [], state),
      ] {
        #expect(throws: CacheImageError.self) { try cache.restore(wrong) }
        #expect(cache.length == 0)
      }
    }
  }
}

extension Bytes {
  /// A copy.
  fileprivate var array: [UInt8] { withExtendedLifetime(owner) { Array(pointer) } }
  /// These bytes without the first `count`.
  fileprivate func dropFirst(_ count: Int) -> Bytes {
    Bytes(UnsafeRawBufferPointer(rebasing: pointer[count...]), owner: owner)
  }
}
