import Basics

/// A mapped safetensors file: a header followed by the tensor data. Opening parses the header and reads no tensor data.
public struct SafetensorsFile: Sendable {
  /// The mapped file.
  public let mapping: MappedFile
  private let header: SafetensorsHeader

  /// The tensors, in header order.
  public var tensors: [SafetensorsTensor] { header.tensors }
  /// The strings of the header's `__metadata__`.
  public var metadata: JSONObject { header.metadata }
  /// The offset of the tensor data, after the header.
  package var dataStart: Int { header.dataStart }

  /// Maps and validates a file: all tensors are within it and have the size of their shape.
  public init(_ path: String) throws(FileError) {
    try self.init(MappedFile(path))
  }

  init(_ mapping: MappedFile) throws(FileError) {
    let (path, count) = (mapping.path, mapping.count)
    guard let first = mapping.slice(0..<SafetensorsHeader.lengthBytes) else {
      throw SafetensorsHeader.failure(.truncated, path, "the file has only \(count) bytes")
    }
    let dataStart = try SafetensorsHeader.dataStart(first, file: path, fileCount: count)
    guard let text = mapping.slice(SafetensorsHeader.lengthBytes..<dataStart) else {
      throw SafetensorsHeader.failure(.truncated, path, "the file has only \(count) bytes")
    }
    self.mapping = mapping
    header = try SafetensorsHeader(text, file: path, fileCount: count)
  }

  /// The bytes of a tensor of this file.
  package func bytes(_ tensor: SafetensorsTensor) -> Bytes? { mapping.slice(tensor.bytes) }
}
