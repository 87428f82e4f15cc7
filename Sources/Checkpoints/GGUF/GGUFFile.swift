import Basics

/// A mapped GGUF file: metadata and tensor table. Opening costs one pass over the header, without building the strings
/// of the vocabulary, and reads no tensor data.
///
/// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public struct GGUFFile: Sendable {
  /// The mapped file.
  public let mapping: MappedFile
  /// 2 or 3; the only difference is that version 3 may be big-endian, which is not supported.
  public let version: Int
  /// The alignment of tensor offsets in bytes.
  public let alignment: Int
  /// The key-value pairs.
  public let metadata: GGUFMetadata
  /// The tensors, in file order.
  public let tensors: [GGUFTensor]

  /// Maps and validates a file: all lengths, offsets and sizes in it are within the file.
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

  /// A tensor as a mapped weight.
  /// - Throws: `unsupported` for a type without kernels.
  public func weight(_ tensor: GGUFTensor) throws(FileError) -> Weight {
    func failure(_ kind: FileError.Kind, _ problem: String, advice: String? = nil) -> FileError {
      FileError(kind, file: mapping.path, place: "tensor \(tensor.name)", problem, advice: advice)
    }
    guard let format = tensor.type.format else {
      throw failure(
        .unsupported, "is stored as \(tensor.type), which Sotto does not support",
        advice: "use a file with Q4_K_M, Q8_0 or another common quantisation")
    }
    guard let bytes = mapping.slice(tensor.bytes) else {
      throw failure(.truncated, "the data extends beyond the end of the file")
    }
    do {
      return try Weight(format: format, shape: tensor.shape, values: bytes)
    } catch {
      throw failure(.damaged, "\(error)")
    }
  }
}

/// An entry of the tensor table of a GGUF file.
public struct GGUFTensor: Sendable {
  /// The name, such as "blk.0.attn_q.weight".
  public let name: String
  /// The storage type.
  public let type: GGMLType
  /// Outermost dimension first, the reverse of the order in the file: [rows, columns], [experts, rows, columns].
  public let shape: [Int]
  /// The range in the file; empty if the type, and therefore the size, is unknown.
  public let bytes: Range<Int>

  /// The number of elements.
  public var numbers: Int { shape.reduce(1, *) }
}
