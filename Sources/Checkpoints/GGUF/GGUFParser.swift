import Basics

/// Parses the header of an untrusted GGUF file. Lengths and counts are checked against the remaining bytes, so the memory
/// use is bounded by a small multiple of the header size.
struct GGUFParser {
  let mapping: MappedFile
  private var reader: ByteReader
  private var place = Place.header

  private(set) var version = 0
  private(set) var alignment = 32
  private(set) var metadata: GGUFMetadata
  private(set) var tensors: [GGUFTensor] = []

  private static let maxEntries = 1 << 20
  private static let maxNameLength = 65535
  private static let maxDimensions = 4
  private static let maxArrayDepth = 4

  /// The current place, for errors.
  private enum Place {
    case header
    case pair(Int, key: String)
    case tensor(Int, name: String)
  }

  /// Parses the header of a mapped file. The returned parser has the results.
  static func parse(_ mapping: MappedFile) throws(FileError) -> GGUFParser {
    try mapping.bytes.withUnsafeBytes { (bytes) throws(FileError) in
      var parser = GGUFParser(mapping, bytes)
      try parser.parse()
      return parser
    }
  }

  private init(_ mapping: MappedFile, _ bytes: UnsafeRawBufferPointer) {
    self.mapping = mapping
    reader = ByteReader(bytes)
    metadata = GGUFMetadata(file: mapping.path)
  }

  private mutating func parse() throws(FileError) {
    do {
      try parseHeader()
    } catch let error as FileError {
      throw error
    } catch let error as ByteReader.Overrun {
      throw failure(
        .truncated, "the length \(error.needed) at byte \(error.offset) extends beyond the end of the file")
    } catch {
      throw failure(.damaged, "\(error)")
    }
  }

  private mutating func parseHeader() throws {
    let magic = try reader.read(UInt32.self)
    guard magic == 0x4655_4747 else {
      throw failure(.damaged, "not a GGUF file: it does not start with \"GGUF\"")
    }
    let version = try reader.read(UInt32.self)
    guard version == 2 || version == 3 else { throw wrongVersion(version) }
    self.version = Int(version)
    // Minimum sizes: a tensor has the length of its name, a dimension count, a type and an offset; a pair has the length
    // of its key, a type and a byte.
    let tensorCount = try reader.count(ofElementsOf: 24)
    let pairCount = try reader.count(ofElementsOf: 13)
    guard max(tensorCount, pairCount) <= Self.maxEntries else {
      throw failure(.damaged, "\(pairCount) metadata entries and \(tensorCount) tensors are too many")
    }
    for index in 0..<pairCount { try parsePair(index) }
    place = .header
    if let value = try metadata.optionalInteger("general.alignment") { alignment = value }
    guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
      throw failure(.damaged, "general.alignment is \(alignment), not a power of two up to 1 MiB")
    }
    try parseTensors(tensorCount)
  }

  private func wrongVersion(_ version: UInt32) -> FileError {
    if version.byteSwapped == 3 {
      return failure(.unsupported, "the file is big-endian", advice: "convert it to little-endian")
    }
    return failure(
      .unsupported, "GGUF version \(version) is not supported, only versions 2 and 3",
      advice: version == 1 ? "convert the model again" : "use an older conversion or a newer version of Sotto"
    )
  }

  // Metadata.

  private mutating func parsePair(_ index: Int) throws {
    place = .pair(index, key: "")
    let key = try name()
    place = .pair(index, key: key)
    let type = try scalarType()
    guard metadata.add(key, try value(type)) else { throw failure(.damaged, "the key occurs twice") }
  }

  private mutating func scalarType() throws -> GGUFScalar {
    let number = try reader.read(UInt32.self)
    guard let type = GGUFScalar(rawValue: number) else {
      throw failure(.damaged, "unknown value type \(number)")
    }
    return type
  }

  private mutating func value(_ type: GGUFScalar) throws -> GGUFValue {
    switch type {
    case .uint8: return .integer(Int(try reader.read(UInt8.self)))
    case .int8: return .integer(Int(try reader.read(Int8.self)))
    case .uint16: return .integer(Int(try reader.read(UInt16.self)))
    case .int16: return .integer(Int(try reader.read(Int16.self)))
    case .uint32: return .integer(Int(try reader.read(UInt32.self)))
    case .int32: return .integer(Int(try reader.read(Int32.self)))
    case .int64: return .integer(Int(try reader.read(Int64.self)))
    case .uint64:
      let value = try reader.read(UInt64.self)
      return Int(exactly: value).map { .integer($0) } ?? .number(Double(value))
    case .float32: return .number(Double(Float(bitPattern: try reader.read(UInt32.self))))
    case .float64: return .number(Double(bitPattern: try reader.read(UInt64.self)))
    case .bool: return .bool(try reader.read(UInt8.self) != 0)
    case .string: return .string(try slice(reader.string()))
    case .array: return try array(depth: 0)
    }
  }

  private mutating func array(depth: Int) throws -> GGUFValue {
    guard depth < Self.maxArrayDepth else { throw failure(.damaged, "arrays are nested too deeply") }
    let type = try scalarType()
    if let size = type.size {
      let count = try reader.count(ofElementsOf: size)
      return .numbers(GGUFNumbers(element: type, count: count, bytes: try slice(reader.skip(count * size))))
    }
    // Minimum sizes: a string has its length, an array has its type and length.
    let count = try reader.count(ofElementsOf: type == .string ? 8 : 12)
    guard type == .string else {
      for _ in 0..<count { _ = try array(depth: depth + 1) }
      return .arrays(count: count)
    }
    return .strings(GGUFStrings(count: count, bytes: try slice(reader.skipStrings(count))))
  }

  private mutating func name() throws -> String {
    let range = try reader.string()
    guard !range.isEmpty, range.count <= Self.maxNameLength,
      let name = String(validating: reader.bytes[range], as: UTF8.self)
    else { throw failure(.damaged, "the name at byte \(range.lowerBound) is empty, too long or not UTF-8") }
    return name
  }

  private func slice(_ range: Range<Int>) throws(FileError) -> Bytes {
    guard let bytes = mapping.slice(range) else {
      throw failure(.truncated, "the value extends beyond the end of the file")
    }
    return bytes
  }

  // Tensors.

  /// An entry of the tensor table; the start of the data is only known after the last entry.
  private struct Entry {
    let name: String
    let type: GGMLType
    let shape: [Int]
    let offset: UInt64
  }

  private mutating func parseTensors(_ count: Int) throws {
    var entries: [Entry] = []
    var names: Set<ExactString> = []
    for index in 0..<count {
      place = .tensor(index, name: "")
      let name = try name()
      place = .tensor(index, name: name)
      guard names.insert(ExactString(name)).inserted else {
        throw failure(.damaged, "the name occurs twice")
      }
      let dimensions = try reader.read(UInt32.self)
      guard dimensions <= Self.maxDimensions else {
        throw failure(.damaged, "\(dimensions) dimensions, more than \(Self.maxDimensions)")
      }
      var shape: [Int] = []
      for _ in 0..<dimensions {
        let extent = try reader.read(UInt64.self)
        guard extent <= 1 << 48 else { throw failure(.damaged, "the dimension \(extent) is too large") }
        shape.insert(Int(extent), at: 0)
      }
      let type = GGMLType(rawValue: try reader.read())
      entries.append(Entry(name: name, type: type, shape: shape, offset: try reader.read()))
    }
    let data = (reader.position + alignment - 1) / alignment * alignment
    for (index, entry) in entries.enumerated() {
      place = .tensor(index, name: entry.name)
      tensors.append(try located(entry, data: data))
    }
  }

  private func located(_ entry: Entry, data: Int) throws(FileError) -> GGUFTensor {
    guard entry.offset % UInt64(alignment) == 0 else {
      throw failure(.damaged, "offset \(entry.offset) is not a multiple of the alignment \(alignment)")
    }
    var numbers = 1
    for extent in entry.shape {
      let (product, overflow) = numbers.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 48 else {
        throw failure(.damaged, "the shape \(entry.shape) is too large")
      }
      numbers = product
    }
    var size = 0
    if let layout = entry.type.layout {
      guard (entry.shape.last ?? 0) % layout.columns == 0 else {
        throw failure(
          .damaged,
          "\(entry.shape.last ?? 0) columns are not a multiple of the \(layout.name) block size \(layout.columns)"
        )
      }
      // At most 2^48 numbers of at most 8 bytes.
      size = numbers / layout.columns * layout.bytes
    }
    let available = UInt64(max(0, mapping.count - data))
    guard entry.offset <= available, UInt64(size) <= available - entry.offset else {
      let end = UInt64(data).addingReportingOverflow(entry.offset).partialValue &+ UInt64(size)
      throw failure(.truncated, "the data ends at byte \(end), but the file has \(mapping.count) bytes")
    }
    let start = data + Int(entry.offset)
    return GGUFTensor(name: entry.name, type: entry.type, shape: entry.shape, bytes: start..<start + size)
  }

  private func failure(_ kind: FileError.Kind, _ problem: String, advice: String? = nil)
    -> FileError
  {
    let place =
      switch place {
      case .header: "header"
      case .pair(let index, let key): "metadata entry \(index) \"\(printable(key))\""
      case .tensor(let index, let name): "tensor \(index) \"\(printable(name))\""
      }
    return FileError(kind, file: mapping.path, place: place, problem, advice: advice)
  }
}
