import Basics
import CCUDA
import Compute

/// A matrix or a stack of matrices on the device, in the file's layout or in one that the kernels read faster.
final class CUDAMatrix {
  let described: sotto_cuda_matrix
  private let planes: [CUDABuffer]
  /// The rows of all matrices as float32, for a bias that is stored as a matrix; made by the first call that needs it.
  var floats: CUDABuffer?

  init(_ described: sotto_cuda_matrix, planes: [CUDABuffer]) {
    self.described = described
    self.planes = planes
  }

  /// Bytes on the device.
  var bytes: Int { planes.reduce(0) { $0 + $1.byteCount } }
}

/// A matrix that may have been freed, and what kept the weight's memory alive: while that exists, the address means the
/// same weight.
struct WeakMatrix {
  weak var matrix: CUDAMatrix?
  weak var owner: AnyObject?
  let format: WeightFormat
  let shape: [Int]
}

/// Float32 numbers on the device: a norm's weight, a bias.
final class CUDAVector {
  let buffer: CUDABuffer
  let count: Int

  init(_ buffer: CUDABuffer, count: Int) {
    self.buffer = buffer
    self.count = count
  }
}

/// How a weight is stored on the device.
struct CUDAFormat {
  /// The kernels' constant of the stored weight.
  let stored: sotto_cuda_format
  /// The kernels' constant of the matrix on the device.
  let kept: sotto_cuda_format
  private(set) var scaleType = SOTTO_CUDA_F32
  private(set) var group = 0
  private(set) var hasZeroPoints = false

  /// - Throws: `unsupported` for groups or bits without kernels.
  init(_ format: WeightFormat) throws(CUDAProblem) {
    var kept: sotto_cuda_format?
    switch format {
    case .affine(let bits, let group, let type), .zeroPoint(let bits, let group, let type):
      guard let width = Self.affine[bits], [32, 64, 128].contains(group) else {
        throw .unsupported("the weight format \(format)")
      }
      stored = width
      self.group = group
      scaleType =
        switch type {
        case .float32: SOTTO_CUDA_F32
        case .float16: SOTTO_CUDA_F16
        case .bfloat16: SOTTO_CUDA_BF16
        }
      if case .zeroPoint = format { hasZeroPoints = true }
    case .float8(let group, let type):
      stored = SOTTO_CUDA_FLOAT8
      self.group = group
      scaleType = type == .e8m0 ? SOTTO_CUDA_E8M0 : SOTTO_CUDA_F32
    default:
      guard let plain = Self.plain[format] else { throw .unsupported("the weight format \(format)") }
      stored = plain
      kept = Self.repacked[plain.rawValue]
      if kept == SOTTO_CUDA_AFFINE4 {
        group = 32
        scaleType = SOTTO_CUDA_F16
      }
    }
    self.kept = kept ?? stored
  }

  private static let affine: [Int: sotto_cuda_format] = [
    1: SOTTO_CUDA_AFFINE1, 2: SOTTO_CUDA_AFFINE2, 3: SOTTO_CUDA_AFFINE3, 4: SOTTO_CUDA_AFFINE4,
    5: SOTTO_CUDA_AFFINE5, 6: SOTTO_CUDA_AFFINE6, 8: SOTTO_CUDA_AFFINE8,
  ]

  /// Formats whose blocks are split into planes on the device.
  private static let repacked: [UInt32: sotto_cuda_format] = [
    SOTTO_CUDA_Q8_0.rawValue: SOTTO_CUDA_BYTES, SOTTO_CUDA_MXFP4.rawValue: SOTTO_CUDA_FOURS,
    SOTTO_CUDA_MXFP4_PLANAR.rawValue: SOTTO_CUDA_FOURS, SOTTO_CUDA_Q6_K.rawValue: SOTTO_CUDA_SIXES,
    SOTTO_CUDA_Q4_K.rawValue: SOTTO_CUDA_SUPERFOURS, SOTTO_CUDA_Q4_0.rawValue: SOTTO_CUDA_AFFINE4,
    SOTTO_CUDA_Q4_1.rawValue: SOTTO_CUDA_AFFINE4,
  ]

  /// Bytes of a block in the planes of values, scales and biases, for formats whose blocks are split.
  var planes: (values: Int, scales: Int, biases: Int)? {
    switch stored {
    case SOTTO_CUDA_Q8_0: (32, 2, 0)
    case SOTTO_CUDA_MXFP4: (16, 1, 0)
    case SOTTO_CUDA_Q6_K: (192, 18, 0)
    case SOTTO_CUDA_Q4_K: (128, 16, 4)
    case SOTTO_CUDA_Q4_0, SOTTO_CUDA_Q4_1: (16, 2, 2)
    default: nil
    }
  }

  private static let plain: [WeightFormat: sotto_cuda_format] = [
    .float32: SOTTO_CUDA_F32, .float16: SOTTO_CUDA_F16, .bfloat16: SOTTO_CUDA_BF16, .q4_0: SOTTO_CUDA_Q4_0,
    .q4_1: SOTTO_CUDA_Q4_1, .q5_0: SOTTO_CUDA_Q5_0, .q5_1: SOTTO_CUDA_Q5_1, .q8_0: SOTTO_CUDA_Q8_0,
    .q2_K: SOTTO_CUDA_Q2_K, .q3_K: SOTTO_CUDA_Q3_K, .q4_K: SOTTO_CUDA_Q4_K, .q5_K: SOTTO_CUDA_Q5_K,
    .q6_K: SOTTO_CUDA_Q6_K, .iq4_NL: SOTTO_CUDA_IQ4_NL, .iq4_XS: SOTTO_CUDA_IQ4_XS, .nvfp4: SOTTO_CUDA_NVFP4,
    .nvfp4Planar: SOTTO_CUDA_NVFP4_PLANAR, .mxfp4: SOTTO_CUDA_MXFP4, .mxfp4Planar: SOTTO_CUDA_MXFP4_PLANAR,
    // The host decodes the rare ones.
    .iq1_S: SOTTO_CUDA_BLOCKS, .iq1_M: SOTTO_CUDA_BLOCKS, .iq2_XXS: SOTTO_CUDA_BLOCKS,
    .iq2_XS: SOTTO_CUDA_BLOCKS, .iq2_S: SOTTO_CUDA_BLOCKS, .iq3_XXS: SOTTO_CUDA_BLOCKS,
    .iq3_S: SOTTO_CUDA_BLOCKS, .tq1_0: SOTTO_CUDA_BLOCKS, .tq2_0: SOTTO_CUDA_BLOCKS, .q8_K: SOTTO_CUDA_BLOCKS,
  ]
}
