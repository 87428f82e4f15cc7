import Basics

/// A metadata value to write to a GGUF file.
public enum GGUFField: Sendable, Equatable {
  case integer(UInt32)
  case number(Float)
  case bool(Bool)
  case string(String)
  case strings([String])
  case integers([Int32])
  case numbers([Float])
  case bools([Bool])
}

/// A streaming writer of GGUF files (version 3): tensors are declared first, then their bytes are appended in that order.
///
/// The file is written atomically (`WholeFileWriter`): it gets its name when `finish` succeeds.
public final class GGUFWriter {
  /// A tensor to write.
  public struct Declaration: Sendable {
    let name: String
    let type: GGMLType
    let shape: [Int]
    let bytes: Int

    /// - Parameter shape: outermost dimension first.
    public init(_ name: String, _ format: WeightFormat, _ shape: [Int]) throws(FileError) {
      guard let type = GGMLType(format), shape.count <= 4, let columns = shape.last,
        columns % format.blockColumns == 0
      else {
        throw FileError(
          .unsupported, file: name, "cannot be stored as \(format) in a GGUF file",
          advice: "choose another type")
      }
      (self.name, self.type, self.shape) = (name, type, shape)
      bytes = shape.reduce(1, *) / format.blockColumns * format.blockBytes
    }
  }

  private static let alignment = 32
  private let path: String
  private let file: WholeFileWriter
  private var pending: [Int]

  /// Creates the file and writes metadata and the table of tensors.
  public init(
    _ path: String, metadata: [(key: String, value: GGUFField)], tensors: [Declaration]
  ) throws(FileError) {
    var header = GGUFHeader()
    header.add(Array("GGUF".utf8))
    header.add(UInt32(3))
    header.add(UInt64(tensors.count))
    header.add(UInt64(metadata.count))
    for (key, value) in metadata {
      header.add(key)
      header.add(value)
    }
    var offset: UInt64 = 0
    for tensor in tensors {
      header.add(tensor.name)
      header.add(UInt32(tensor.shape.count))
      for extent in tensor.shape.reversed() { header.add(UInt64(extent)) }
      header.add(tensor.type.rawValue)
      header.add(offset)
      offset += UInt64(Self.padded(tensor.bytes))
    }
    header.bytes += repeatElement(0, count: Self.padded(header.bytes.count) - header.bytes.count)
    self.path = path
    pending = tensors.map(\.bytes).reversed()
    file = try WholeFileWriter(path)
    try write(header.bytes)
  }

  /// Appends bytes to the current tensor.
  public func append(_ bytes: Bytes) throws(FileError) {
    guard let left = pending.last, bytes.count <= left else {
      throw FileError(.damaged, file: path, "more bytes than declared for the tensor", advice: "")
    }
    try bytes.withUnsafeBytes { (bytes) throws(FileError) in try file.write(bytes) }
    pending[pending.count - 1] -= bytes.count
  }

  /// Ends the current tensor.
  /// - Throws: `incomplete` if fewer bytes were appended than declared.
  public func finishTensor(_ bytes: Int) throws(FileError) {
    guard pending.popLast() == 0 else {
      throw FileError(.incomplete, file: path, "a tensor has fewer bytes than declared", advice: "")
    }
    try write([UInt8](repeating: 0, count: Self.padded(bytes) - bytes))
  }

  /// Gives the file its name.
  public func finish() throws(FileError) {
    guard pending.isEmpty else {
      throw FileError(.incomplete, file: path, "\(pending.count) tensors were not written", advice: "")
    }
    try file.finish()
  }

  private func write(_ bytes: [UInt8]) throws(FileError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try file.write(bytes) }
    }
    try result.get()
  }

  private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}

/// The bytes of a header.
private struct GGUFHeader {
  var bytes: [UInt8] = []

  mutating func add(_ bytes: [UInt8]) { self.bytes += bytes }

  mutating func add<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) }
  }

  mutating func add(_ text: String) {
    add(UInt64(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func add(_ field: GGUFField) {
    switch field {
    case .integer(let value):
      add(GGUFScalar.uint32.rawValue)
      add(value)
    case .number(let value):
      add(GGUFScalar.float32.rawValue)
      add(value.bitPattern)
    case .bool(let value):
      add(GGUFScalar.bool.rawValue)
      bytes.append(value ? 1 : 0)
    case .string(let value):
      add(GGUFScalar.string.rawValue)
      add(value)
    case .strings(let values):
      add(GGUFScalar.array.rawValue)
      add(GGUFScalar.string.rawValue)
      add(UInt64(values.count))
      for value in values { add(value) }
    case .integers(let values):
      add(GGUFScalar.array.rawValue)
      add(GGUFScalar.int32.rawValue)
      add(UInt64(values.count))
      for value in values { add(value) }
    case .numbers(let values):
      add(GGUFScalar.array.rawValue)
      add(GGUFScalar.float32.rawValue)
      add(UInt64(values.count))
      for value in values { add(value.bitPattern) }
    case .bools(let values):
      add(GGUFScalar.array.rawValue)
      add(GGUFScalar.bool.rawValue)
      add(UInt64(values.count))
      bytes += values.map { $0 ? 1 : 0 }
    }
  }
}
