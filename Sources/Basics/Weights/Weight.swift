/// A weight as it is stored: its format, its shape, and the bytes in place, without a copy.
///
/// `shape` is outermost first: [columns], [rows, columns] or [experts, rows, columns]. For a linear
/// layer the rows are outputs and the columns inputs.
public struct Weight: Sendable {
  /// The storage format of the numbers.
  public let format: WeightFormat
  /// Outermost first: [columns], [rows, columns] or [experts, rows, columns].
  public let shape: [Int]
  /// The plane of values: consecutive rows without padding.
  public let values: Bytes
  /// The plane of scales (planar formats only): consecutive rows.
  public let scales: Bytes?
  /// The plane of biases (affine groups only).
  public let biases: Bytes?

  /// - Throws: `WeightError` if a plane is missing or does not have the size for the shape.
  public init(
    format: WeightFormat, shape: [Int], values: Bytes, scales: Bytes? = nil, biases: Bytes? = nil
  ) throws(WeightError) {
    self.format = format
    self.shape = shape
    self.values = values
    self.scales = scales
    self.biases = biases
    try checkSizes()
  }

  /// The number of columns.
  public var columns: Int { shape.last ?? 0 }
  /// The number of rows of one matrix; 1 for a vector.
  public var rows: Int { shape.count > 1 ? shape[shape.count - 2] : 1 }
  /// The number of matrices: the number of experts of a stack, otherwise 1.
  public var matrices: Int { shape.dropLast(2).reduce(1, *) }

  private func checkSizes() throws(WeightError) {
    guard !shape.isEmpty, shape.allSatisfy({ $0 > 0 }) else { throw .emptyShape(shape) }
    guard columns % format.blockColumns == 0 else {
      throw .unevenColumns(columns: columns, block: format.blockColumns)
    }
    var numbers = 1
    for extent in shape {
      let (product, overflow) = numbers.multipliedReportingOverflow(by: extent)
      guard !overflow, product < 1 << 48 else { throw .emptyShape(shape) }
      numbers = product
    }
    let blocks = numbers / format.blockColumns
    try check(values, is: blocks * format.blockBytes, plane: "values")
    switch format {
    case .mxfp4Planar:
      try check(scales, is: blocks, plane: "scales")
    case .affine(_, _, let type):
      let size = type == .float32 ? 4 : 2
      try check(scales, is: blocks * size, plane: "scales")
      try check(biases, is: blocks * size, plane: "biases")
    case .zeroPoint(_, _, let type):
      try check(scales, is: blocks * (type == .float32 ? 4 : 2), plane: "scales")
      try check(biases, is: blocks, plane: "zero points")
    case .nvfp4Planar: try check(scales, is: 2 * blocks, plane: "scales")
    case .float8(_, let scale): try check(scales, is: blocks * (scale == .float32 ? 4 : 1), plane: "scales")
    default: break
    }
  }

  private func check(_ bytes: Bytes?, is expected: Int, plane: String) throws(WeightError) {
    guard let bytes else { throw .missingPlane(plane) }
    guard bytes.count == expected else {
      throw .wrongSize(plane: plane, bytes: bytes.count, expected: expected)
    }
  }
}

/// The reason why bytes and a shape do not form a weight.
public enum WeightError: Error, Equatable, CustomStringConvertible {
  case emptyShape([Int])
  case unevenColumns(columns: Int, block: Int)
  case missingPlane(String)
  case wrongSize(plane: String, bytes: Int, expected: Int)

  /// A one-line message.
  public var description: String {
    switch self {
    case .emptyShape(let shape): "impossible shape \(shape)"
    case .unevenColumns(let columns, let block):
      "\(columns) columns are not a multiple of the block size \(block)"
    case .missingPlane(let plane): "the plane of \(plane) is missing"
    case .wrongSize(let plane, let bytes, let expected):
      "the plane of \(plane) has \(bytes) bytes, but the shape requires \(expected)"
    }
  }
}
