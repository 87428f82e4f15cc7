import Basics

/// One GGUF file, mapped: metadata and the table of tensors. Opening costs one pass over the head of the
/// file (a hop a vocabulary string, no string built for it) and touches no tensor.
///
/// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public struct GGUFFile: Sendable {
  /// The mapped file.
  public let mapping: MappedFile
  /// 2 or 3; they differ only in that 3 may be big-endian, which is refused.
  public let version: Int
  /// What tensors' offsets are multiples of.
  public let alignment: Int
  /// The key-value pairs.
  public let metadata: GGUFMetadata
  /// The tensors, in the file's order.
  public let tensors: [GGUFTensor]

  /// Maps and checks a file: every length, offset and size in it lies within the file afterwards.
  public init(_ path: String) throws(FileError) {
    try self.init(MappedFile(path))
  }

  init(_ mapping: MappedFile) throws(FileError) {
    let parser = try GGUFParser.parse(mapping)
    self.mapping = mapping
    version = parser.version
    alignment = parser.alignment
    metadata = parser.metadata
    tensors = parser.tensors
  }

  /// A tensor in place.
  /// - Throws: `unsupported` for a type that Sotto does not compute with.
  public func weight(_ tensor: GGUFTensor) throws(FileError) -> Weight {
    func failure(_ kind: FileError.Kind, _ problem: String, advice: String? = nil) -> FileError {
      FileError(kind, file: mapping.path, place: "tensor \(tensor.name)", problem, advice: advice)
    }
    guard let format = tensor.type.format else {
      throw failure(
        .unsupported, "is stored as \(tensor.type), which Sotto does not read",
        advice: "use a file with Q4_K_M, Q8_0 or another common quantisation")
    }
    guard let bytes = mapping.slice(tensor.bytes) else { throw failure(.truncated, "lies beyond the end") }
    do {
      return try Weight(format: format, shape: tensor.shape, values: bytes)
    } catch {
      throw failure(.damaged, "\(error)")
    }
  }
}

/// An entry of a GGUF file's table of tensors.
public struct GGUFTensor: Sendable {
  /// The tensor's name, such as "blk.0.attn_q.weight".
  public let name: String
  /// How it is stored.
  public let type: GGMLType
  /// Outermost first, the reverse of the file's order: [rows, columns], [experts, rows, columns].
  public let shape: [Int]
  /// Where it lies in the file; empty where the type is unknown, and with it the size.
  public let bytes: Range<Int>

  /// How many numbers it holds.
  public var numbers: Int { shape.reduce(1, *) }
}
