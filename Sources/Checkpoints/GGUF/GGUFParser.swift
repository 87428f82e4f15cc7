import Basics

/// Reads the head of a GGUF file. Nothing in the file is believed: lengths and counts are held against the
/// bytes that are left, so that memory stays within a small multiple of the file's head.
struct GGUFParser {
  let mapping: MappedFile
  private var reader: ByteReader
  private var place = Place.header

  private(set) var version = 0
  private(set) var alignment = 32
  private(set) var metadata: GGUFMetadata
  private(set) var tensors: [GGUFTensor] = []

  private static let mostEntries = 1 << 20
  private static let longestName = 65535
  private static let mostDimensions = 4
  private static let deepestArray = 4

  /// What is being read, for errors.
  private enum Place {
    case header
    case pair(Int, key: String)
    case tensor(Int, name: String)
  }

  /// Reads the head of a mapped file; what was read is in the parser that comes back.
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
      try parseHead()
    } catch let error as FileError {
      throw error
    } catch let error as ByteReader.Overrun {
      throw failure(
        .truncated, "the length at byte \(error.offset) asks for \(error.needed), more than is left")
    } catch {
      throw failure(.damaged, "\(error)")
    }
  }

  private mutating func parseHead() throws {
    let magic = try reader.read(UInt32.self)
    guard magic == 0x4655_4747 else {
      throw failure(.damaged, "not a GGUF file: it does not begin with \"GGUF\"")
    }
    let version = try reader.read(UInt32.self)
    guard version == 2 || version == 3 else { throw wrongVersion(version) }
    self.version = Int(version)
    // A tensor has at least a name's length, a count of dimensions, a type and an offset; a pair a key's
    // length, a type and a byte.
    let tensorCount = try reader.count(ofElementsOf: 24)
    let pairCount = try reader.count(ofElementsOf: 13)
    guard max(tensorCount, pairCount) <= Self.mostEntries else {
      throw failure(.damaged, "\(pairCount) metadata entries and \(tensorCount) tensors are too many")
    }
    for index in 0..<pairCount { try parsePair(index) }
    place = .header
    if let value = try metadata.optionalInteger("general.alignment") { alignment = value }
    guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
      throw failure(.damaged, "general.alignment is \(alignment), which is no power of two up to 1 MiB")
    }
    try parseTensors(tensorCount)
  }

  private func wrongVersion(_ version: UInt32) -> FileError {
    if version.byteSwapped == 3 {
      return failure(.unsupported, "the file is big-endian", advice: "convert it to little-endian")
    }
    return failure(
      .unsupported, "GGUF version \(version); Sotto reads 2 and 3",
      advice: version == 1 ? "convert the model again" : "use an earlier conversion or a later Sotto")
  }

  // Metadata.

  private mutating func parsePair(_ index: Int) throws {
    place = .pair(index, key: "")
    let key = try name()
    place = .pair(index, key: key)
    let type = try scalarType()
    guard metadata.add(key, try value(type)) else { throw failure(.damaged, "the key is there twice") }
  }

  private mutating func scalarType() throws -> GGUFScalar {
    let number = try reader.read(UInt32.self)
    guard let type = GGUFScalar(rawValue: number) else {
      throw failure(.damaged, "unknown type of value \(number)")
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
    guard depth < Self.deepestArray else { throw failure(.damaged, "arrays nested too deeply") }
    let type = try scalarType()
    if let size = type.size {
      let count = try reader.count(ofElementsOf: size)
      return .numbers(GGUFNumbers(element: type, count: count, bytes: try slice(reader.skip(count * size))))
    }
    // A string is at least its length, an array its type and length.
    let count = try reader.count(ofElementsOf: type == .string ? 8 : 12)
    let start = reader.position
    for _ in 0..<count {
      if type == .string { _ = try reader.string() } else { _ = try array(depth: depth + 1) }
    }
    guard type == .string else { return .arrays(count: count) }
    return .strings(GGUFStrings(count: count, bytes: try slice(start..<reader.position)))
  }

  private mutating func name() throws -> String {
    let range = try reader.string()
    guard !range.isEmpty, range.count <= Self.longestName,
      let name = String(validating: reader.bytes[range], as: UTF8.self)
    else { throw failure(.damaged, "the name at byte \(range.lowerBound) is empty, too long or not UTF-8") }
    return name
  }

  private func slice(_ range: Range<Int>) throws(FileError) -> Bytes {
    guard let bytes = mapping.slice(range) else { throw failure(.truncated, "the value lies beyond the end") }
    return bytes
  }

  // Tensors.

  /// A tensor before the place of the data is known.
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
        throw failure(.damaged, "the name is there twice")
      }
      let dimensions = try reader.read(UInt32.self)
      guard dimensions <= Self.mostDimensions else {
        throw failure(.damaged, "\(dimensions) dimensions; at most \(Self.mostDimensions) are possible")
      }
      var shape: [Int] = []
      for _ in 0..<dimensions {
        let extent = try reader.read(UInt64.self)
        guard extent <= 1 << 48 else { throw failure(.damaged, "a dimension of \(extent)") }
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
      throw failure(.damaged, "offset \(entry.offset) is no multiple of the alignment \(alignment)")
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
          .damaged, "\(entry.shape.last ?? 0) columns do not divide into \(layout.name)'s \(layout.columns)")
      }
      // At most 2^48 numbers of at most 8 bytes.
      size = numbers / layout.columns * layout.bytes
    }
    let available = UInt64(max(0, mapping.count - data))
    guard entry.offset <= available, UInt64(size) <= available - entry.offset else {
      let end = UInt64(data).addingReportingOverflow(entry.offset).partialValue &+ UInt64(size)
      throw failure(.truncated, "needs bytes up to \(end), but the file has \(mapping.count)")
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
