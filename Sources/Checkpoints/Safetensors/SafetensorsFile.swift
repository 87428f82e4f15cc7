import Compute

/// One safetensors file, mapped: a JSON header that names the tensors and says where they lie, and then
/// their numbers. Opening parses the header and touches no tensor.
///
/// The format: https://github.com/huggingface/safetensors#format
public struct SafetensorsFile: Sendable {
  /// The mapped file.
  public let mapping: MappedFile
  /// The tensors, in the header's order.
  public let tensors: [SafetensorsTensor]
  /// The strings of the header's `__metadata__`.
  public let metadata: JSONObject

  /// Where the tensors' bytes begin: behind the header.
  package let dataStart: Int

  /// The reference implementation's limit on a header.
  static let longestHeader = 100_000_000

  /// Maps and checks a file: every tensor lies within it and has the size its shape needs.
  public init(_ path: String) throws(CheckpointError) {
    try self.init(MappedFile(path))
  }

  init(_ mapping: MappedFile) throws(CheckpointError) {
    func failure(_ kind: CheckpointError.Kind, _ problem: String) -> CheckpointError {
      CheckpointError(kind, file: mapping.path, place: "header", problem)
    }
    guard mapping.count >= 8 else { throw failure(.truncated, "the file has only \(mapping.count) bytes") }
    let length = mapping.bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= Self.longestHeader else {
      throw failure(.damaged, "not a safetensors file: a header of \(length) bytes")
    }
    let start = 8 + Int(length)
    guard let bytes = mapping.slice(8..<max(8, start)) else {
      throw failure(.truncated, "the header needs \(length) bytes, but \(mapping.count - 8) are left")
    }
    let header: JSON
    do { header = try JSON(parsing: bytes) } catch { throw failure(.damaged, "not JSON: \(error)") }
    guard case .object(let entries) = header else {
      throw failure(.damaged, "should be an object but is \(header.kindName)")
    }
    var tensors: [SafetensorsTensor] = []
    tensors.reserveCapacity(entries.count)
    for (name, entry) in entries where name != "__metadata__" {
      tensors.append(try SafetensorsTensor(name, entry, file: mapping, data: start))
    }
    self.mapping = mapping
    self.tensors = tensors
    dataStart = start
    metadata = entries["__metadata__"]?.asObject ?? JSONObject()
  }

  /// The bytes of one of this file's tensors.
  package func bytes(_ tensor: SafetensorsTensor) -> Bytes? { mapping.slice(tensor.bytes) }
}

/// An entry of a safetensors header.
public struct SafetensorsTensor: Sendable {
  /// The tensor's name, such as "model.layers.0.self_attn.q_proj.weight".
  public let name: String
  /// How its numbers are stored.
  public let type: SafetensorsType
  /// Outermost first.
  public let shape: [Int]
  /// Where it lies in the file.
  public let bytes: Range<Int>

  /// How many numbers it holds.
  public var numbers: Int { shape.reduce(1, *) }

  fileprivate init(_ name: String, _ entry: JSON, file: MappedFile, data: Int) throws(CheckpointError) {
    func failure(_ kind: CheckpointError.Kind, _ problem: String) -> CheckpointError {
      CheckpointError(kind, file: file.path, place: "tensor \(printable(name))", problem)
    }
    self.name = name
    let offsets: [JSON]
    let extents: [JSON]
    do {
      type = SafetensorsType(name: try entry.string("dtype"))
      extents = try entry.array("shape")
      offsets = try entry.array("data_offsets")
    } catch { throw failure(.damaged, "\(error)") }
    var shape: [Int] = []
    var numbers = 1
    for extent in extents {
      guard case .integer(let extent) = extent, extent >= 0, extent <= 1 << 48 else {
        throw failure(.damaged, "impossible shape")
      }
      let (product, overflow) = numbers.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 48 else { throw failure(.damaged, "impossible shape") }
      numbers = product
      shape.append(extent)
    }
    self.shape = shape
    guard offsets.count == 2, case .integer(let begin) = offsets[0], case .integer(let end) = offsets[1],
      begin >= 0, begin <= end
    else { throw failure(.damaged, "data_offsets are not two rising numbers") }
    guard end <= file.count - data else {
      throw failure(.truncated, "ends at byte \(end) of the data, but the file has \(file.count - data)")
    }
    // At most 2^48 numbers of at most 8 bytes.
    if let size = type.size, numbers * size != end - begin {
      throw failure(
        .damaged, "has \(end - begin) bytes where \(type) of shape \(shape) needs \(numbers * size)")
    }
    bytes = data + begin..<data + end
  }
}
