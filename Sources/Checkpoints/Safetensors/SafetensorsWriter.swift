import Basics

/// A streaming writer for safetensors files: tensors are declared first, then their numbers are appended in that order,
/// in chunks of any size. It uses one buffer of 1 MiB, independent of the file size.
///
/// The file is written atomically (`WholeFileWriter`): it gets its final name when `finish` succeeds.
public final class SafetensorsWriter {
  /// A tensor to write.
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
    /// A tensor of any type with a known element size, written as bytes.
    public static func bytes(_ name: String, _ type: SafetensorsType, _ shape: [Int]) -> Declaration {
      Declaration(name: name, type: type, shape: shape)
    }
  }

  /// The checksum of all bytes before the tensor data.
  package let headerChecksum: UInt64

  private let path: String
  private let file: WholeFileWriter
  private var buffer: [UInt8] = []
  /// The unfinished tensors and their remaining bytes, the current one last.
  private var pending: [(declaration: Declaration, bytes: Int)] = []

  private static let bufferSize = 1 << 20

  /// Creates the file and writes its header.
  /// - Parameter permissions: the mode of the file, as for chmod.
  /// - Throws: `unreadable` or `notFound` if the file cannot be created; `damaged` for an invalid declaration.
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
      if numbers > 0 { pending.append((tensor, numbers * size)) }
    }
    pending.reverse()
    self.path = path
    var text = Array(JSON.object(header).text().utf8)
    // Padding, so that the data starts at a multiple of 8.
    text += repeatElement(0x20, count: (8 - text.count % 8) % 8)
    let bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    headerChecksum = XXHash64.hash(bytes)
    buffer = bytes
    file = try WholeFileWriter(path, permissions: permissions)
  }

  /// Appends numbers to the current tensor; they may continue in the next one of the same type.
  public func append(_ numbers: [Float]) throws(FileError) {
    try append(numbers, .float32) { $0.bitPattern.littleEndian }
  }

  /// Appends numbers to the current tensor; they may continue in the next one of the same type.
  public func append(_ numbers: [Int32]) throws(FileError) {
    try append(numbers, .int32) { UInt32(bitPattern: $0).littleEndian }
  }

  /// Appends bytes to the current tensor. They must not exceed its remaining size.
  public func append(_ bytes: Bytes) throws(FileError) {
    guard bytes.count > 0 else { return }
    guard let missing = pending.last?.bytes, bytes.count <= missing else {
      throw FileError(.damaged, file: path, "more bytes than declared for the tensor", advice: "")
    }
    advance(by: bytes.count)
    try flush()
    try bytes.withUnsafeBytes { (bytes) throws(FileError) in try file.write(bytes) }
  }

  /// Flushes the buffer and gives the file its final name. Without an fsync: after a power failure the file may exist
  /// without its content.
  /// - Throws: `incomplete` if fewer numbers were appended than declared.
  public func finish() throws(FileError) {
    if let (tensor, bytes) = pending.last {
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
      guard let (tensor, missing) = pending.last, tensor.type == type else {
        throw FileError(
          .damaged, file: path, "more \(type) numbers than declared", advice: "")
      }
      let count = min(missing / 4, numbers.count - start, Self.bufferSize / 4)
      for number in numbers[start..<start + count] {
        withUnsafeBytes(of: bits(number)) { buffer.append(contentsOf: $0) }
      }
      start += count
      advance(by: count * 4)
      if buffer.count >= Self.bufferSize { try flush() }
    }
  }

  /// Subtracts written bytes from the remaining ones of the current tensor.
  private func advance(by count: Int) {
    pending[pending.count - 1].bytes -= count
    if pending[pending.count - 1].bytes == 0 { pending.removeLast() }
  }

  private func flush() throws(FileError) {
    try buffer.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try file.write(bytes) }
    }.get()
    buffer.removeAll(keepingCapacity: true)
  }
}
