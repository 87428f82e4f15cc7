import Basics

/// Writes a safetensors file row by row: shapes are declared first, numbers follow in any portions, in the
/// order declared. Holds one buffer of 1 MiB, however large the file.
///
/// The file appears under its name only when `finish` has succeeded; until then it is beside it under a name
/// of this writer's own that ends with `WholeFileWriter.partialSuffix`.
public final class SafetensorsWriter {
  /// A tensor that will be written.
  public struct Declaration: Sendable {
    let name: String
    let type: SafetensorsType
    let shape: [Int]

    /// A tensor of 32-bit floating-point numbers.
    public static func float32(_ name: String, _ shape: [Int]) -> Declaration {
      Declaration(name: name, type: .float32, shape: shape)
    }
    /// A tensor of 32-bit integers.
    public static func int32(_ name: String, _ shape: [Int]) -> Declaration {
      Declaration(name: name, type: .int32, shape: shape)
    }
    /// A tensor of a type whose numbers have a known size, to be written as bytes.
    public static func bytes(_ name: String, _ type: SafetensorsType, _ shape: [Int]) -> Declaration {
      Declaration(name: name, type: type, shape: shape)
    }
  }

  /// The checksum of all bytes before the tensors.
  package let headerChecksum: UInt64

  private let path: String
  private let file: WholeFileWriter
  private var buffer: [UInt8] = []
  /// The tensors' types and their bytes still to come, the current one last.
  private var left: [(declaration: Declaration, bytes: Int)] = []

  private static let bufferSize = 1 << 20

  /// Creates the file and writes its header.
  /// - Parameter permissions: of the file, as for chmod.
  /// - Throws: `unreadable` when the system will not write; `damaged` for an impossible declaration.
  public init(
    _ path: String, _ tensors: [Declaration], metadata: [String: String] = [:], permissions: UInt16 = 0o644
  ) throws(FileError) {
    var header = JSONObject()
    if !metadata.isEmpty {
      var strings = JSONObject()
      for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { strings[key] = .string(value) }
      header["__metadata__"] = .object(strings)
    }
    var offset = 0
    for tensor in tensors {
      var numbers = 1
      for extent in tensor.shape {
        let (product, overflow) = numbers.multipliedReportingOverflow(by: extent)
        guard extent >= 0, !overflow, product <= 1 << 48 else {
          throw FileError(
            .damaged, file: path, place: "tensor \(tensor.name)", "impossible shape \(tensor.shape)",
            advice: "")
        }
        numbers = product
      }
      guard header[tensor.name] == nil else {
        throw FileError(
          .damaged, file: path, place: "tensor \(tensor.name)", "declared twice", advice: "")
      }
      guard let size = tensor.type.size else {
        throw FileError(
          .damaged, file: path, place: "tensor \(tensor.name)", "\(tensor.type) has no known size", advice: ""
        )
      }
      let end = offset + numbers * size
      header[tensor.name] = [
        "dtype": .string(tensor.type.description), "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      offset = end
      if numbers > 0 { left.append((tensor, numbers * size)) }
    }
    left.reverse()
    self.path = path
    var text = Array(JSON.object(header).text().utf8)
    // Spaces, so that the numbers begin at a multiple of 8.
    text += repeatElement(0x20, count: (8 - text.count % 8) % 8)
    let head = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    headerChecksum = XXHash64.hash(head)
    buffer = head
    file = try WholeFileWriter(path, permissions: permissions)
  }

  /// Appends numbers to the current tensor; they may run on into the next of the same type.
  public func append(_ numbers: [Float]) throws(FileError) {
    try append(numbers, .float32) { $0.bitPattern.littleEndian }
  }

  /// Appends numbers to the current tensor; they may run on into the next of the same type.
  public func append(_ numbers: [Int32]) throws(FileError) {
    try append(numbers, .int32) { UInt32(bitPattern: $0).littleEndian }
  }

  /// Appends bytes to the current tensor, which must have room for them.
  public func append(_ bytes: Bytes) throws(FileError) {
    guard bytes.count > 0 else { return }
    guard let missing = left.last?.bytes, bytes.count <= missing else {
      throw FileError(.damaged, file: path, "more bytes than declared at this place", advice: "")
    }
    note(bytes.count)
    try flush()
    try bytes.withUnsafeBytes { (bytes) throws(FileError) in try file.write(bytes) }
  }

  /// Writes what is buffered and gives the file its name. The system may still hold the content in memory:
  /// after a loss of power the file may be there without it.
  /// - Throws: `incomplete` when fewer numbers were appended than declared.
  public func finish() throws(FileError) {
    if let (tensor, bytes) = left.last {
      throw FileError(
        .incomplete, file: path, place: "tensor \(tensor.name)", "\(bytes) bytes were not written",
        advice: "write them before finishing")
    }
    try flush()
    try file.finish()
  }

  private func append<Number>(
    _ numbers: [Number], _ type: SafetensorsType, _ bits: (Number) -> UInt32
  ) throws(FileError) {
    var start = 0
    while start < numbers.count {
      guard let (tensor, missing) = left.last, tensor.type == type else {
        throw FileError(
          .damaged, file: path, "more \(type) numbers than declared at this place", advice: "")
      }
      let count = min(missing / 4, numbers.count - start, Self.bufferSize / 4)
      for number in numbers[start..<start + count] {
        withUnsafeBytes(of: bits(number)) { buffer.append(contentsOf: $0) }
      }
      start += count
      note(count * 4)
      if buffer.count >= Self.bufferSize { try flush() }
    }
  }

  /// Counts bytes of the current tensor as written.
  private func note(_ count: Int) {
    left[left.count - 1].bytes -= count
    if left[left.count - 1].bytes == 0 { left.removeLast() }
  }

  private func flush() throws(FileError) {
    try buffer.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try file.write(bytes) }
    }.get()
    buffer.removeAll(keepingCapacity: true)
  }
}
