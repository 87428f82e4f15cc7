/// The namespace of the template language.
enum Jinja {}

extension Jinja {
  /// A string with Python's semantics: compared by bytes, indexed and counted by code points.
  ///
  /// Stored as UTF-8, so joining, searching and hashing work on bytes; counting and slicing are linear. The
  /// lease releases the counted memory when the last copy is gone.
  struct Text: Hashable {
    let bytes: [UInt8]
    private let lease: Lease?
    /// Whether this is the result of `safe` or `escape`: text added to it with `+` is then escaped for HTML.
    private(set) var isMarkup = false

    init(_ bytes: [UInt8], lease: Lease? = nil) {
      self.bytes = bytes
      self.lease = lease
    }

    /// The same text, marked as not needing escaping.
    var asMarkup: Text {
      var text = self
      text.isMarkup = true
      return text
    }

    init(_ string: String) { self.init(Array(string.utf8)) }

    init(_ string: StaticString) {
      self.init(string.withUTF8Buffer { Array($0) })
    }

    init(_ scalars: some Sequence<Unicode.Scalar>) {
      var bytes: [UInt8] = []
      for scalar in scalars { bytes.append(contentsOf: UTF8.encodeScalar(scalar)) }
      self.init(bytes)
    }

    static func == (left: Text, right: Text) -> Bool { left.bytes == right.bytes }

    func hash(into hasher: inout Hasher) {
      bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// As a Swift string; invalid UTF-8 becomes the replacement character.
    var string: String { String(decoding: bytes, as: UTF8.self) }
    var isEmpty: Bool { bytes.isEmpty }
    var isASCII: Bool { bytes.allSatisfy { $0 < 0x80 } }
    /// The number of code points (linear).
    var count: Int { bytes.reduce(into: 0) { $0 += UTF8.isContinuation($1) ? 0 : 1 } }
    /// The code points.
    var scalars: [Unicode.Scalar] { Array(string.unicodeScalars) }

    /// Ordered by code points, which is the order of UTF-8 bytes.
    static func < (left: Text, right: Text) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
  }
}

extension UTF8 {
  /// The UTF-8 bytes of one code point.
  static func encodeScalar(_ scalar: Unicode.Scalar) -> [UInt8] {
    UTF8.encode(scalar).map(Array.init) ?? []
  }
}

extension Unicode.Scalar {
  /// Python's `str.isspace` of this code point.
  var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0: true
    case ..<0x100: false
    default: properties.isWhitespace
    }
  }

  /// Whether Python's `splitlines` ends a line here.
  var isPythonLineBreak: Bool {
    switch value {
    case 0x0a...0x0d, 0x1c...0x1e, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }
}
