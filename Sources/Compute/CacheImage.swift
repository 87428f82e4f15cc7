import Basics

/// The content of one layer's cache at one moment: a short description and the bytes of its blocks, which are
/// immutable. Creating one copies nothing: the blocks are shared with the cache, which copies a block before it
/// writes to it. An image can be written to a file on any thread while the sequence advances. Blocks on a device are
/// copied to the host when they are read.
public struct CacheImage: Sendable {
  /// The kind of cache, with its sizes.
  public enum Layout: Sendable, Hashable {
    case keyValue(KeyValueLayout)
    case recurrent(RecurrentShape)
  }

  /// A part of the cache: blocks of equal size.
  public struct Plane: Sendable {
    /// "pages", "convolution" or "state".
    public var name: String
    /// The blocks.
    public var blocks: [Block]

    /// A plane of these blocks.
    public init(name: String, blocks: [Block]) {
      self.name = name
      self.blocks = blocks
    }

    /// A plane of blocks in host memory.
    public init(name: String, blocks: [Bytes]) { self.init(name: name, blocks: blocks.map { .bytes($0) }) }
  }

  /// The bytes of a block, in host memory or to be read from a device.
  public enum Block: Sendable {
    case bytes(Bytes)
    /// Bytes on a device. `read` may be called on any thread; it waits until they are computed and copies them.
    case deferred(count: Int, read: @Sendable () throws(CacheImageError) -> Bytes)

    /// The number of bytes.
    public var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .deferred(let count, _): count
      }
    }

    /// The bytes in host memory. Copies nothing if they are there already.
    /// - Throws: `CacheImageError.unreadable` if the device can't deliver them.
    public func read() throws(CacheImageError) -> Bytes {
      switch self {
      case .bytes(let bytes): return bytes
      case .deferred(let count, let read):
        let bytes = try read()
        guard bytes.count == count else { throw .unreadable("\(bytes.count) bytes of \(count)") }
        return bytes
      }
    }
  }

  /// The kind of cache, with its sizes.
  public var layout: Layout
  /// Positions processed.
  public var length: Int
  /// The memory.
  public var planes: [Plane]

  /// An image of these parts. Caches validate it when they restore it.
  public init(layout: Layout, length: Int, planes: [Plane]) {
    self.layout = layout
    self.length = length
    self.planes = planes
  }

  /// Bytes of all planes.
  public var bytes: Int {
    planes.reduce(0) { $0 + $1.blocks.reduce(0) { $0 + $1.count } }
  }

  /// The blocks of a plane, which must be `count` blocks of `size` bytes.
  package func blocks(_ name: String, count: Int, size: Int) throws(CacheImageError) -> [Block] {
    guard let plane = planes.first(where: { $0.name == name }) else {
      throw .plane(name, "is missing")
    }
    guard plane.blocks.count == count else {
      throw .plane(name, "has \(plane.blocks.count) blocks where \(count) are needed")
    }
    guard plane.blocks.allSatisfy({ $0.count == size }) else {
      throw .plane(name, "has blocks of another size than \(size) bytes")
    }
    return plane.blocks
  }
}

/// The number format of keys and values.
public enum CacheFormat: String, Sendable, Hashable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  /// 8 bits with scales: slightly more than half the memory of float16 (see attention.h for the layout).
  case int8 = "I8"
}

/// The sizes of an attention layer's cache.
public struct KeyValueLayout: Sendable, Hashable {
  /// The number of key and value heads.
  public var heads: Int
  /// Columns of a key head.
  public var headSize: Int
  /// Columns of a value head; 0 for an empty cache.
  public var valueHeadSize: Int
  /// The latest positions attended to; nil for all.
  public var window: Int?
  /// The first position that is held, a multiple of the page size.
  public var origin: Int
  /// The number format.
  public var format: CacheFormat
  /// Whether the values are the first columns of the keys, and not stored.
  public var sharesValues: Bool

  /// A layout of these sizes.
  public init(
    heads: Int, headSize: Int, valueHeadSize: Int, window: Int?, origin: Int, format: CacheFormat,
    sharesValues: Bool = false
  ) {
    self.heads = heads
    self.headSize = headSize
    self.valueHeadSize = valueHeadSize
    self.window = window
    self.origin = origin
    self.format = format
    self.sharesValues = sharesValues
  }
}

/// Why a cache rejects an image. The cache is unchanged.
public enum CacheImageError: Error, Equatable, CustomStringConvertible {
  /// The cache is not empty.
  case notEmpty
  /// The image has another number of layers than the sequence.
  case layers(Int, expected: Int)
  /// A layer has processed another number of positions than the others.
  case lengths(Int, expected: Int)
  /// The image is of another kind or size of cache.
  case layout(found: String, expected: String)
  /// The held positions contradict the length.
  case positions(String)
  /// A plane is missing or has another size.
  case plane(String, String)
  /// A device failed to deliver a block's bytes.
  case unreadable(String)
  /// An error of one of several layers.
  indirect case layer(Int, CacheImageError)

  /// One line for the user.
  public var description: String {
    switch self {
    case .notEmpty: "the cache is not empty"
    case .layers(let found, let expected): "caches of \(found) layers where the model has \(expected)"
    case .lengths(let found, let expected): "a cache of \(found) positions beside one of \(expected)"
    case .layout(let found, let expected): "\(found) where the model has \(expected)"
    case .positions(let problem): problem
    case .plane(let name, let problem): "\(name): \(problem)"
    case .unreadable(let problem): "a cache cannot be read from the device: \(problem)"
    case .layer(let index, let error): "layer \(index): \(error)"
    }
  }
}

extension CacheImage.Layout: CustomStringConvertible {
  /// The kind and the sizes, for error messages.
  public var description: String {
    switch self {
    case .keyValue(let layout):
      "\(layout.format.rawValue) keys and values of \(layout.heads) heads of \(layout.headSize) and "
        + "\(layout.valueHeadSize)\(layout.sharesValues ? " in the keys" : ""), window \(layout.window.map(String.init) ?? "none")"
    case .recurrent(let shape):
      "a state of \(shape.heads) heads [\(shape.rows), \(shape.columns)] after \(shape.channels) channels "
        + "of \(shape.taps) taps"
    }
  }
}
