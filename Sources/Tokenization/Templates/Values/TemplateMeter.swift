extension Jinja {
  /// What one rendering may use. Real templates stay far below; a hostile one is stopped in a second or two.
  enum Limits {
    /// Evaluated expressions and statements, and 256 bytes handled by a function count as one.
    static let steps = 20_000_000
    /// Bytes of values alive at one time.
    static let liveBytes = 256 << 20
    /// Bytes of one string, and of the whole output.
    static let stringBytes = 64 << 20
    /// Expressions, statements and macro calls inside one another while rendering.
    static let nesting = 300
    /// Brackets, expressions and tags inside one another in the template's text.
    static let syntaxNesting = 60
    /// Containers inside one another.
    static let valueNesting = 100
    /// Items of a `range`, as in jinja2's sandbox.
    static let rangeItems = 100_000
    /// Bytes of a template's source.
    static let sourceBytes = 4 << 20
    /// Namespaces, and containers changed in place, that one rendering may make.
    static let mutableObjects = 100_000
  }

  /// Counts the bytes of the values alive in one rendering.
  final class Meter {
    private(set) var live = 0

    /// Whether `bytes` more may be alive.
    func allows(_ bytes: Int) -> Bool { bytes <= Limits.liveBytes - live }

    /// Counts `bytes` of output; negative when it is taken away.
    func add(_ bytes: Int) { live += bytes }

    /// Counts `bytes` as long as the lease lives; nil where they are too few to count.
    func lease(_ bytes: Int) -> Lease? {
      bytes < 256 ? nil : Lease(bytes, self)
    }
  }

  /// A share of the memory, given back at the end of its life.
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
