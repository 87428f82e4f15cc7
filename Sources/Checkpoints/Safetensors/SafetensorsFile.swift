import Basics

/// One safetensors file, mapped: a header, and then the tensors' numbers. Opening parses the header and touches no
/// tensor.
public struct SafetensorsFile: Sendable {
  /// The mapped file.
  public let mapping: MappedFile
  private let header: SafetensorsHeader

  /// The tensors, in the header's order.
  public var tensors: [SafetensorsTensor] { header.tensors }
  /// The strings of the header's `__metadata__`.
  public var metadata: JSONObject { header.metadata }
  /// Where the tensors' bytes begin: behind the header.
  package var dataStart: Int { header.dataStart }

  /// Maps and checks a file: every tensor lies within it and has the size its shape needs.
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

  /// The bytes of one of this file's tensors.
  package func bytes(_ tensor: SafetensorsTensor) -> Bytes? { mapping.slice(tensor.bytes) }
}
