import Basics
import CKernels

/// A matrix or a stack of matrices that the kernels read from the mapped file.
final class CPUMatrix {
  /// Ranges of rows in the parameter's order; one if the rows are in the file's order or copied.
  let parts: [sotto_matrix]
  /// Keeps the mapped planes alive.
  private let weights: [Weight]
  /// The address of each matrix, if they are separate.
  private let apart: UnsafeMutableBufferPointer<sotto_planes>?
  /// The rows of all matrices as float32 in column-major order, the layout of a convolution's taps. They are few, so
  /// they are copied once, by the first call that needs them.
  private(set) lazy var columns = decodedColumns()

  /// - Parameter rowOrder: the ranges of the file's rows in the order of the matrix; nil for the file's order.
  init(_ weight: Weight, rowOrder: [Range<Int>]? = nil) throws {
    weights = try rowOrder.map { try Self.ordered(weight, $0) } ?? [weight]
    apart = nil
    parts = try weights.map { try Self.described($0) }
  }

  /// Ranges of rows in place, or one copy if a range is shorter than the kernels' tiles.
  private static func ordered(_ weight: Weight, _ order: [Range<Int>]) throws(WeightError) -> [Weight] {
    var ranges: [Range<Int>] = []
    for range in order {
      if let last = ranges.last, last.upperBound == range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(range)
      }
    }
    if ranges.contains(where: { $0.count < leastRows }) {
      return [try weight.rows(ranges.flatMap { Array($0) })]
    }
    var parts: [Weight] = []
    for range in ranges { parts.append(try weight.rows(range)) }
    return parts
  }

  /// Rows of a tile.
  private static let leastRows = 16

  /// The first rows of a matrix in one piece, in the same memory; nil for others.
  func firstRows(_ count: Int) -> CPUMatrix? {
    guard parts.count == 1, parts[0].matrices == 1, apart == nil, (1...parts[0].rows).contains(count) else {
      return nil
    }
    return CPUMatrix(parts[0], rows: count, of: weights)
  }

  private init(_ part: sotto_matrix, rows: Int, of weights: [Weight]) {
    var part = part
    part.rows = rows
    parts = [part]
    self.weights = weights
    apart = nil
  }

  /// The number of rows of all parts.
  var rows: Int { parts.reduce(0) { $0 + $1.rows } }

  /// A stack of separate matrices of the same shape and format, used in place through a table of their addresses.
  init(stack: [Weight]) throws(CPUMatrixError) {
    guard let first = stack.first,
      stack.allSatisfy({ $0.format == first.format && $0.shape == first.shape && $0.matrices == 1 })
    else { throw .unlikeMatrices }
    var matrix = try Self.described(first)
    weights = stack
    let apart = UnsafeMutableBufferPointer<sotto_planes>.allocate(capacity: stack.count)
    _ = apart.initialize(
      from: stack.map {
        sotto_planes(
          values: $0.values.pointer.baseAddress, scales: $0.scales?.pointer.baseAddress,
          biases: $0.biases?.pointer.baseAddress)
      })
    matrix.matrices = stack.count
    matrix.apart = UnsafePointer(apart.baseAddress)
    self.apart = apart
    parts = [matrix]
  }

  deinit { apart?.deallocate() }

  private static func described(_ weight: Weight) throws(CPUMatrixError) -> sotto_matrix {
    let kernel = try KernelFormat(weight.format)
    return sotto_matrix(
      format: kernel.format, scale_type: kernel.scale, group: kernel.group,
      has_zero_points: kernel.hasZeroPoints ? 1 : 0, rows: weight.rows, columns: weight.columns,
      matrices: weight.matrices, values: weight.values.pointer.baseAddress,
      scales: weight.scales?.pointer.baseAddress, biases: weight.biases?.pointer.baseAddress, apart: nil)
  }

  private func decodedColumns() -> CPUVector {
    let matrix = parts[0]
    let (rows, columns) = (matrix.matrices * matrix.rows, matrix.columns)
    var whole = matrix
    whole.rows = rows
    whole.matrices = 1
    let result = CPUVector(count: rows * columns)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { row in
      guard let numbers = row.baseAddress else { return }
      for index in 0..<rows {
        sotto_decode_row(&whole, index, 1, numbers)
        for column in 0..<columns { result.pointer[column * rows + index] = numbers[column] }
      }
    }
    return result
  }
}

/// Why a matrix can't be multiplied.
public enum CPUMatrixError: Error, Equatable, CustomStringConvertible {
  /// There is no kernel for the format.
  case unsupported(WeightFormat)
  /// The matrices of a stack differ in shape or format.
  case unlikeMatrices

  /// One line for the user.
  public var description: String {
    switch self {
    case .unsupported(let format):
      "weights stored as \(format) are not supported; affine groups have 1 to 6 or 8 bits and 32, 64 or 128 columns"
    case .unlikeMatrices: "the experts of a layer differ in format or shape"
    }
  }
}
