import Basics
import CKernels

/// Converts weights of any format with kernels to another format, on all threads: see quantization.h for what is exact.
package final class WeightQuantizer {
  private let pool: ThreadPool

  package init(threads: Int) { pool = ThreadPool(threads: threads) }

  /// The planes of the quantised rows; empty for planes that the format does not have.
  package struct Planes {
    package let values: Bytes
    package let scales: Bytes?
    package let biases: Bytes?
  }

  /// Why a weight cannot be quantised.
  package enum Failure: Error, CustomStringConvertible {
    case noMemory

    /// One line for the user.
    package var description: String { "not enough memory to quantise a layer" }
  }

  /// The rows `range` of a stack of matrices, seen as one matrix of `rows` x `matrices` rows, in another format.
  /// - Parameters:
  ///   - step: takes every `step`-th row of the weight, from row `first` on; `range` counts the rows that are taken.
  ///   - format: affine groups, MXFP4, NVFP4 or MXFP8 in planes, or floats.
  ///   - type: numbers are rounded to this type before they are quantised.
  /// - Throws: `CPUMatrixError` for formats without kernels; `Failure`.
  package func quantize(
    _ weight: Weight, rows range: Range<Int>, first: Int = 0, step: Int = 1, to format: WeightFormat,
    type: WeightFormat.ScaleType
  ) throws -> Planes {
    let all = weight.rows * weight.matrices
    precondition(!range.isEmpty && range.lowerBound >= 0 && step > 0 && first >= 0)
    precondition(first + (range.upperBound - 1) * step < all, "rows \(range) of \(all)")
    let (source, target) = (try KernelFormat(weight.format), try KernelFormat(format))
    precondition(weight.columns % format.blockColumns == 0, "\(weight.columns) columns")
    precondition(format != .mxfp4 || weight.format == .mxfp4Planar, "MXFP4 from \(weight.format)")
    let blocks = range.count * (weight.columns / format.blockColumns)
    let values = OwnedMemory(count: blocks * format.blockBytes)
    let (scaleBytes, biasBytes) = Self.planeBytes(format)
    let scales = scaleBytes > 0 ? OwnedMemory(count: blocks * scaleBytes) : nil
    let biases = biasBytes > 0 ? OwnedMemory(count: blocks * biasBytes) : nil
    var call = sotto_quantization(
      source: sotto_matrix(
        format: source.format, scale_type: source.scale, group: source.group,
        has_zero_points: source.hasZeroPoints ? 1 : 0, rows: all, columns: weight.columns, matrices: 1,
        values: weight.values.pointer.baseAddress, scales: weight.scales?.pointer.baseAddress,
        biases: weight.biases?.pointer.baseAddress, apart: nil),
      first: first + range.lowerBound * step, step: step, rows: range.count, format: target.format,
      group: target.group, type: type.kernelType, values: values.pointer, scales: scales?.pointer,
      biases: biases?.pointer)
    let status = withExtendedLifetime(weight) { sotto_quantize(pool.handle, &call) }
    guard status == 0 else { throw Failure.noMemory }
    return Planes(values: values.bytes, scales: scales?.bytes, biases: biases?.bytes)
  }

  /// Bytes of scales and of biases per block of `format`.
  private static func planeBytes(_ format: WeightFormat) -> (scales: Int, biases: Int) {
    switch format {
    case .affine(_, _, let type): (type.bytes, type.bytes)
    case .mxfp4Planar: (1, 0)
    case .nvfp4Planar: (2, 0)
    case .float8: (1, 0)
    default: (0, 0)
    }
  }
}

extension WeightFormat.ScaleType {
  /// The size of a number in bytes.
  package var bytes: Int { self == .float32 ? 4 : 2 }

  fileprivate var kernelType: sotto_weight_format {
    switch self {
    case .float32: SOTTO_FLOAT32
    case .float16: SOTTO_FLOAT16
    case .bfloat16: SOTTO_BFLOAT16
    }
  }
}
