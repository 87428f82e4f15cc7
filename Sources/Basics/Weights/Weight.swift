/// A weight as it is stored: its format, its shape, and the bytes in place. Reading it copies nothing.
///
/// `shape` is outermost first: [columns], [rows, columns] or [experts, rows, columns]. For a linear
/// layer the rows are outputs and the columns inputs.
public struct Weight: Sendable {
  /// How the numbers are stored.
  public let format: WeightFormat
  /// Outermost first: [columns], [rows, columns] or [experts, rows, columns].
  public let shape: [Int]
  /// The plane of values: all rows one after another, without padding.
  public let values: Bytes
  /// The plane of scales (planar formats only), rows one after another.
  public let scales: Bytes?
  /// The plane of biases (affine groups only).
  public let biases: Bytes?

  /// - Throws: `WeightError` when a plane is missing or is shorter or longer than the shape needs.
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

  /// Numbers in a row.
  public var columns: Int { shape.last ?? 0 }
  /// Rows of one matrix; 1 for a vector.
  public var rows: Int { shape.count > 1 ? shape[shape.count - 2] : 1 }
  /// How many matrices there are: the experts of a mixture; otherwise 1.
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

/// Why bytes and a shape do not make a weight.
public enum WeightError: Error, Equatable, CustomStringConvertible {
  case emptyShape([Int])
  case unevenColumns(columns: Int, block: Int)
  case missingPlane(String)
  case wrongSize(plane: String, bytes: Int, expected: Int)

  /// One line for the person who reads it.
  public var description: String {
    switch self {
    case .emptyShape(let shape): "impossible shape \(shape)"
    case .unevenColumns(let columns, let block): "\(columns) columns do not divide into blocks of \(block)"
    case .missingPlane(let plane): "the plane of \(plane) is missing"
    case .wrongSize(let plane, let bytes, let expected):
      "the plane of \(plane) has \(bytes) bytes where the shape needs \(expected)"
    }
  }
}
