import Basics

/// Walks over the header of a GGUF file for a summary. It makes the checks of `GGUFParser`, but builds no table of the
/// tensors, and it stops at anything unusual: what is wrong, opening the file tells.
struct GGUFSurvey {
  private var reader: ByteReader
  private let fileCount: Int
  private let vocabularies: VocabularyLengths
  /// Whether the sizes of known vocabularies may be used.
  private let usesProposals: Bool

  private var architecture: String?
  private var fileType: Int?
  private var hasVocabulary = false
  private var alignment = 32
  private var splitTensors: Int?
  private var parameters = 0
  private var types: [(type: GGMLType, columns: Int, blockBytes: Int, bytes: Int)] = []

  /// Arrays with fewer strings are not worth a look-up.
  private static let leastVocabulary = 1000
  private static let maxEntries = 1 << 20

  /// The summary of a file; nil for a file that has to be opened: one that is damaged, sharded, or has weights in formats
  /// without kernels.
  static func summary(_ file: MappedFile, _ vocabularies: VocabularyLengths) -> CheckpointSummary? {
    file.bytes.withUnsafeBytes { bytes in
      for usesProposals in [true, false] {
        var survey = GGUFSurvey(bytes, vocabularies, usesProposals)
        if (try? survey.walk()) == true { return survey.summary }
      }
      return nil
    }
  }

  private init(_ bytes: UnsafeRawBufferPointer, _ vocabularies: VocabularyLengths, _ usesProposals: Bool) {
    reader = ByteReader(bytes)
    fileCount = bytes.count
    self.vocabularies = vocabularies
    self.usesProposals = usesProposals
  }

  private var summary: CheckpointSummary {
    CheckpointSummary(
      kind: .gguf, architecture: architecture, languageModel: nil,
      quantizationLabel: fileType.flatMap { GGUFStore.fileTypes[$0] }
        ?? GGUFStore.predominantLabel(types.map { ("\($0.type)", $0.bytes) }),
      formatProblem: nil, hasVocabulary: hasVocabulary, parameters: parameters, fileBytes: fileCount)
  }

  /// Whether the header is usual.
  private mutating func walk() throws(ByteReader.Overrun) -> Bool {
    guard try reader.read(UInt32.self) == 0x4655_4747, case 2...3 = try reader.read(UInt32.self) else {
      return false
    }
    let tensors = try reader.count(ofElementsOf: 24)
    let pairs = try reader.count(ofElementsOf: 13)
    guard max(tensors, pairs) <= Self.maxEntries else { return false }
    var keys = NameHashes()
    for _ in 0..<pairs {
      guard let key = try name(&keys), try pair(key) else { return false }
    }
    guard !keys.mayRepeat(), alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
      return false
    }
    return try walkTensors(tensors) && (splitTensors ?? tensors) == tensors
  }

  /// A name of ASCII characters; nil for another one.
  private mutating func name(_ names: inout NameHashes) throws(ByteReader.Overrun)
    -> UnsafeRawBufferPointer?
  {
    let range = try reader.string()
    let name = UnsafeRawBufferPointer(rebasing: reader.bytes[range])
    return !name.isEmpty && name.count <= 65535 && names.add(name) ? name : nil
  }

  // Metadata.

  private mutating func pair(_ key: UnsafeRawBufferPointer) throws(ByteReader.Overrun) -> Bool {
    guard let type = GGUFScalar(rawValue: try reader.read()) else { return false }
    if Self.isEqual(key, "general.architecture") {
      guard type == .string else { return false }
      architecture = String(
        validating: UnsafeRawBufferPointer(rebasing: reader.bytes[try reader.string()]), as: UTF8.self)
      return architecture != nil
    }
    if Self.isEqual(key, "tokenizer.ggml.model"), type == .string {
      let kind = UnsafeRawBufferPointer(rebasing: reader.bytes[try reader.string()])
      hasVocabulary = Self.isVocabulary(String(decoding: kind, as: UTF8.self))
      return true
    }
    if Self.isEqual(key, "general.file_type") {
      fileType = try integer(type)
      return fileType != nil
    }
    if Self.isEqual(key, "general.alignment") {
      alignment = try integer(type) ?? 0
      return true
    }
    if Self.isEqual(key, "split.count") { return try integer(type) ?? 2 <= 1 }
    if Self.isEqual(key, "split.tensors.count") {
      splitTensors = try integer(type)
      return splitTensors != nil
    }
    return try skip(type)
  }

  /// Whether a kind of vocabulary, as `tokenizer.ggml.model` names it, is one.
  static func isVocabulary(_ kind: String) -> Bool { !["no_vocab", "none", ""].contains(kind) }

  private mutating func integer(_ type: GGUFScalar) throws(ByteReader.Overrun) -> Int? {
    switch type {
    case .uint8: Int(try reader.read(UInt8.self))
    case .uint16: Int(try reader.read(UInt16.self))
    case .uint32: Int(try reader.read(UInt32.self))
    case .int32: Int(try reader.read(Int32.self))
    case .int64: Int(try reader.read(Int64.self))
    case .uint64: Int(exactly: try reader.read(UInt64.self))
    default: nil
    }
  }

  private mutating func skip(_ type: GGUFScalar) throws(ByteReader.Overrun) -> Bool {
    if let size = type.size {
      try reader.skip(size)
      return true
    }
    if type == .string {
      _ = try reader.string()
      return true
    }
    guard let element = GGUFScalar(rawValue: try reader.read()) else { return false }
    if let size = element.size {
      try reader.skip(reader.count(ofElementsOf: size) * size)
      return true
    }
    guard element == .string else { return false }
    try skipStrings(reader.count(ofElementsOf: 8))
    return true
  }

  private mutating func skipStrings(_ count: Int) throws(ByteReader.Overrun) {
    guard count >= Self.leastVocabulary else {
      _ = try reader.skipStrings(count)
      return
    }
    let start = UnsafeRawBufferPointer(rebasing: reader.bytes[reader.position...].prefix(1 << 10))
    let key = VocabularyLengths.Key(count: count, start: XXHash64.hash(start))
    if usesProposals {
      for size in vocabularies.proposals(key).reversed() where startsEntry(reader.position + size) {
        try reader.skip(size)
        return
      }
    }
    vocabularies.add(key, try reader.skipStrings(count).count)
  }

  /// Whether a pair or a tensor may start at an offset: a name, and the number of a type or of dimensions.
  private func startsEntry(_ offset: Int) -> Bool {
    guard offset < reader.bytes.count else { return false }
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: reader.bytes[offset...]))
    guard let name = try? reader.string(), 1...256 ~= name.count,
      reader.bytes[name].allSatisfy({ 0x21...0x7E ~= $0 }), let number = try? reader.read(UInt32.self)
    else { return false }
    return number <= 12
  }

  // Tensors.

  private mutating func walkTensors(_ count: Int) throws(ByteReader.Overrun) -> Bool {
    var names = NameHashes()
    var end: UInt64 = 0
    for _ in 0..<count {
      guard try name(&names) != nil, case let dimensions = try reader.read(UInt32.self), dimensions <= 4
      else { return false }
      var (numbers, columns) = (1, 0)
      for dimension in 0..<dimensions {
        let extent = try reader.read(UInt64.self)
        guard extent <= 1 << 48 else { return false }
        let (product, overflow) = numbers.multipliedReportingOverflow(by: Int(extent))
        guard !overflow, product <= 1 << 48 else { return false }
        numbers = product
        if dimension == 0 { columns = Int(extent) }
      }
      guard let size = size(GGMLType(rawValue: try reader.read()), numbers, columns: columns) else {
        return false
      }
      let offset = try reader.read(UInt64.self)
      guard offset % UInt64(alignment) == 0, offset <= UInt64(fileCount) else { return false }
      end = max(end, offset + UInt64(size))
      parameters &+= numbers
    }
    let data = (reader.position + alignment - 1) / alignment * alignment
    return end <= UInt64(max(0, fileCount - data)) && !names.mayRepeat()
  }

  /// The bytes of a tensor; nil for a type without kernels and for a shape that it cannot have.
  private mutating func size(_ type: GGMLType, _ numbers: Int, columns: Int) -> Int? {
    if !types.contains(where: { $0.type == type }) {
      guard let layout = type.layout, layout.format != nil else { return nil }
      types.append((type, layout.columns, layout.bytes, 0))
    }
    guard let index = types.firstIndex(where: { $0.type == type }), columns % types[index].columns == 0 else {
      return nil
    }
    let size = numbers / types[index].columns * types[index].blockBytes
    types[index].bytes += size
    return size
  }

  private static func isEqual(_ key: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    key.count == word.utf8CodeUnitCount
      && key.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }
}
