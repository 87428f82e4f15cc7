import Basics

/// The header of a safetensors file: the length of a JSON text, and that text with the names, types, shapes and offsets
/// of the tensors.
///
/// The format: https://github.com/huggingface/safetensors#format
package struct SafetensorsHeader: Sendable {
  /// The tensors, in header order.
  package let tensors: [SafetensorsTensor]
  /// The strings of the header's `__metadata__`.
  package let metadata: JSONObject
  /// The offset of the tensor data, after the header.
  package let dataStart: Int

  /// The maximum header size of the reference implementation in bytes.
  static let maxLength = 100_000_000
  /// The size of the length field in bytes.
  package static let lengthBytes = 8

  /// The offset of the tensor data, from the first `lengthBytes` bytes of a file.
  package static func dataStart(_ first: Bytes, file: String, fileCount: Int) throws(FileError) -> Int {
    let length = first.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= Self.maxLength else {
      throw failure(.damaged, file, "not a safetensors file: the header length is \(length) bytes")
    }
    let available = fileCount - lengthBytes
    guard length <= available else {
      throw failure(.truncated, file, "the header has \(length) bytes, but the file only \(available) more")
    }
    return lengthBytes + Int(length)
  }

  /// Parses and validates the text of a header: all tensors are within the file and have the size of their shape.
  package init(_ text: Bytes, file: String, fileCount: Int) throws(FileError) {
    if let usual = try Self.scanned(text, file: file, fileCount: fileCount) {
      self = usual
      return
    }
    let header: JSON
    do { header = try JSON(parsing: text) } catch { throw Self.failure(.damaged, file, "not JSON: \(error)") }
    guard case .object(let entries) = header else {
      throw Self.failure(.damaged, file, "should be an object but is \(header.kindName)")
    }
    dataStart = Self.lengthBytes + text.count
    var tensors: [SafetensorsTensor] = []
    tensors.reserveCapacity(entries.count)
    for (name, entry) in entries where name != "__metadata__" {
      tensors.append(
        try SafetensorsTensor(name, entry, file: file, fileCount: fileCount, data: dataStart))
    }
    self.tensors = tensors
    metadata = entries["__metadata__"]?.asObject ?? JSONObject()
  }

  /// A header in its usual form; nil for another one.
  private static func scanned(_ text: Bytes, file: String, fileCount: Int) throws(FileError)
    -> SafetensorsHeader?
  {
    guard let scanner = text.withUnsafeBytes({ SafetensorsScanner.scan($0) }) else { return nil }
    let dataStart = lengthBytes + text.count
    var tensors: [SafetensorsTensor] = []
    tensors.reserveCapacity(scanner.entries.count)
    for entry in scanner.entries {
      tensors.append(
        try SafetensorsTensor(
          entry.name, entry.type, entry.shape, entry.offsets, file: file, fileCount: fileCount,
          data: dataStart))
    }
    let metadata = scanner.metadata.flatMap { range in
      text.withUnsafeBytes { try? JSON(parsing: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
    return SafetensorsHeader(
      tensors: tensors, metadata: metadata?.asObject ?? JSONObject(), dataStart: dataStart)
  }

  private init(tensors: [SafetensorsTensor], metadata: JSONObject, dataStart: Int) {
    (self.tensors, self.metadata, self.dataStart) = (tensors, metadata, dataStart)
  }

  static func failure(_ kind: FileError.Kind, _ file: String, _ problem: String) -> FileError {
    FileError(kind, file: file, place: "header", problem)
  }
}

/// An entry of a safetensors header.
public struct SafetensorsTensor: Sendable {
  /// The name, such as "model.layers.0.self_attn.q_proj.weight".
  public let name: String
  /// The storage type.
  public let type: SafetensorsType
  /// Outermost dimension first.
  public let shape: [Int]
  /// The range in the file.
  public let bytes: Range<Int>

  /// The number of elements.
  public var numbers: Int { shape.reduce(1, *) }

  fileprivate init(
    _ name: String, _ entry: JSON, file: String, fileCount: Int, data: Int
  ) throws(FileError) {
    func failure(_ kind: FileError.Kind, _ problem: String) -> FileError {
      FileError(kind, file: file, place: "tensor \(printable(name))", problem)
    }
    let type: SafetensorsType
    let (offsets, extents): ([JSON], [JSON])
    do {
      type = SafetensorsType(name: try entry.string("dtype"))
      extents = try entry.array("shape")
      offsets = try entry.array("data_offsets")
    } catch { throw failure(.damaged, "\(error)") }
    // What is no integer is impossible.
    func integers(_ values: [JSON]) -> [Int] {
      values.map { if case .integer(let value) = $0 { value } else { -1 } }
    }
    try self.init(
      name, type, integers(extents), integers(offsets), file: file, fileCount: fileCount, data: data)
  }

  fileprivate init(
    _ name: String, _ type: SafetensorsType, _ shape: [Int], _ offsets: [Int], file: String, fileCount: Int,
    data: Int
  ) throws(FileError) {
    func failure(_ kind: FileError.Kind, _ problem: String) -> FileError {
      FileError(kind, file: file, place: "tensor \(printable(name))", problem)
    }
    (self.name, self.type, self.shape) = (name, type, shape)
    var numbers = 1
    for extent in shape {
      let (product, overflow) = numbers.multipliedReportingOverflow(by: extent)
      guard extent >= 0, extent <= 1 << 48, !overflow, product <= 1 << 48 else {
        throw failure(.damaged, "impossible shape")
      }
      numbers = product
    }
    guard offsets.count == 2, case let (begin, end) = (offsets[0], offsets[1]), begin >= 0, begin <= end
    else {
      throw failure(.damaged, "data_offsets are not two ascending offsets")
    }
    guard end <= fileCount - data else {
      throw failure(
        .truncated, "the data ends at byte \(end), but the file has \(fileCount - data) data bytes")
    }
    // At most 2^48 numbers of at most 8 bytes.
    if let size = type.size, numbers * size != end - begin {
      throw failure(
        .damaged, "has \(end - begin) bytes, but \(type) of shape \(shape) requires \(numbers * size)")
    }
    bytes = data + begin..<data + end
  }
}
