extension Jinja {
  /// The limits of one rendering. Real templates stay far below them; a hostile one fails after a second or
  /// two.
  enum Limits {
    /// Evaluated expressions and statements; 256 bytes of work in a function count as one.
    static let steps = 20_000_000
    /// The total size in bytes of all live values.
    static let liveBytes = 256 << 20
    /// The size in bytes of one string, and of the whole output.
    static let stringBytes = 64 << 20
    /// The nesting of expressions, statements and macro calls while rendering.
    static let nesting = 300
    /// The nesting of brackets, expressions and tags in the source.
    static let syntaxNesting = 60
    /// The nesting of containers.
    static let valueNesting = 100
    /// The items of a `range`, as in jinja2's sandbox.
    static let rangeItems = 100_000
    /// The size in bytes of a template's source.
    static let sourceBytes = 4 << 20
    /// The number of namespaces and mutated containers in one rendering.
    static let mutableObjects = 100_000
  }

  /// Counts the bytes of the live values of one rendering.
  final class Meter {
    private(set) var live = 0

    /// Whether `bytes` more may be allocated.
    func allows(_ bytes: Int) -> Bool { bytes <= Limits.liveBytes - live }

    /// Adds `bytes` of output; negative to subtract.
    func add(_ bytes: Int) { live += bytes }

    /// Counts `bytes` while the lease is alive; nil for values too small to count.
    func lease(_ bytes: Int) -> Lease? {
      bytes < 256 ? nil : Lease(bytes, self)
    }
  }

  /// Counted memory, released when the last reference is gone.
  final class Lease {
    private let meter: Meter
    private let bytes: Int

    init(_ bytes: Int, _ meter: Meter) {
      self.bytes = bytes
      self.meter = meter
      meter.add(bytes)
    }

    deinit { meter.add(-bytes) }
  }
}
