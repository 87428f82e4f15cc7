#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes a safetensors file row by row: shapes are declared first, numbers follow in any portions, in the
/// order declared. Holds one buffer of 1 MiB, however large the file.
///
/// The file appears under its name only when `finish` has succeeded; until then it is beside it as
/// "NAME.partial".
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
  }

  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var isOpen = true
  private var buffer: [UInt8] = []
  /// The tensors' types and their numbers still to come, the current one first.
  private var left: [(declaration: Declaration, numbers: Int)] = []

  private static let bufferSize = 1 << 20

  /// Creates the file and writes its header.
  /// - Throws: `unreadable` when the system will not write; `damaged` for an impossible declaration.
  public init(
    _ path: String, _ tensors: [Declaration], metadata: [String: String] = [:]
  ) throws(CheckpointError) {
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
          throw CheckpointError(
            .damaged, file: path, place: "tensor \(tensor.name)", "impossible shape \(tensor.shape)",
            advice: "")
        }
        numbers = product
      }
      guard header[tensor.name] == nil else {
        throw CheckpointError(
          .damaged, file: path, place: "tensor \(tensor.name)", "declared twice", advice: "")
      }
      let end = offset + numbers * 4
      header[tensor.name] = [
        "dtype": .string(tensor.type.description), "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      offset = end
      if numbers > 0 { left.append((tensor, numbers)) }
    }
    self.path = path
    partialPath = path + ".partial"
    descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      isOpen = false
      throw .system(errno, partialPath)
    }
    var text = Array(JSON.object(header).text().utf8)
    // Spaces, so that the numbers begin at a multiple of 8.
    text += repeatElement(0x20, count: (8 - text.count % 8) % 8)
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { buffer += $0 }
    buffer += text
  }

  deinit {
    guard isOpen else { return }
    close(descriptor)
    unlink(partialPath)
  }

  /// Appends numbers to the current tensor; they may run on into the next of the same type.
  public func append(_ numbers: [Float]) throws(CheckpointError) {
    try append(numbers, .float32) { $0.bitPattern.littleEndian }
  }

  /// Appends numbers to the current tensor; they may run on into the next of the same type.
  public func append(_ numbers: [Int32]) throws(CheckpointError) {
    try append(numbers, .int32) { UInt32(bitPattern: $0).littleEndian }
  }

  /// Writes what is buffered and gives the file its name.
  /// - Throws: `incomplete` when fewer numbers were appended than declared.
  public func finish() throws(CheckpointError) {
    if let (tensor, numbers) = left.first {
      throw CheckpointError(
        .incomplete, file: path, place: "tensor \(tensor.name)", "\(numbers) numbers were not written",
        advice: "write them before finishing")
    }
    try flush()
    isOpen = false
    guard close(descriptor) == 0 else { throw .system(errno, partialPath) }
    guard rename(partialPath, path) == 0 else { throw .system(errno, path) }
  }

  private func append<Number>(
    _ numbers: [Number], _ type: SafetensorsType, _ bits: (Number) -> UInt32
  ) throws(CheckpointError) {
    var start = 0
    while start < numbers.count {
      guard let (tensor, missing) = left.first, tensor.type == type else {
        throw CheckpointError(
          .damaged, file: path, "more \(type) numbers than declared at this place", advice: "")
      }
      let count = min(missing, numbers.count - start, Self.bufferSize / 4)
      for number in numbers[start..<start + count] {
        withUnsafeBytes(of: bits(number)) { buffer.append(contentsOf: $0) }
      }
      start += count
      left[0].numbers -= count
      if left[0].numbers == 0 { left.removeFirst() }
      if buffer.count >= Self.bufferSize { try flush() }
    }
  }

  private func flush() throws(CheckpointError) {
    var written = 0
    while written < buffer.count {
      let count = buffer.withUnsafeBytes {
        write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(errno, partialPath)
      }
      written += count
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
