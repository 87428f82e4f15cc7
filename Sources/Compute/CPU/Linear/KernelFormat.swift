import Basics
import CKernels

/// The kernels' description of a weight format.
struct KernelFormat {
  let format: sotto_weight_format
  /// The type of the numbers in the scale plane.
  private(set) var scale = SOTTO_FLOAT32
  /// Columns that share a scale, in formats with a choice.
  private(set) var group = 0
  private(set) var hasZeroPoints = false

  /// - Throws: `unsupported` for groups or bits without kernels.
  init(_ format: WeightFormat) throws(CPUMatrixError) {
    switch format {
    case .affine(let bits, let group, let type), .zeroPoint(let bits, let group, let type):
      guard let width = Self.affine[bits], [32, 64, 128].contains(group) else { throw .unsupported(format) }
      self.format = width
      self.group = group
      scale =
        switch type {
        case .float32: SOTTO_FLOAT32
        case .float16: SOTTO_FLOAT16
        case .bfloat16: SOTTO_BFLOAT16
        }
      if case .zeroPoint = format { hasZeroPoints = true }
    case .float8(let group, let type):
      guard group > 0, group % 32 == 0 else { throw .unsupported(format) }
      self.format = SOTTO_FLOAT8
      self.group = group
      scale = type == .e8m0 ? SOTTO_E8M0 : SOTTO_FLOAT32
    default:
      guard let plain = Self.plain[format] else { throw .unsupported(format) }
      self.format = plain
    }
  }

  /// By bits.
  private static let affine: [Int: sotto_weight_format] = [
    1: SOTTO_AFFINE1, 2: SOTTO_AFFINE2, 3: SOTTO_AFFINE3, 4: SOTTO_AFFINE4, 5: SOTTO_AFFINE5,
    6: SOTTO_AFFINE6,
    8: SOTTO_AFFINE8,
  ]

  private static let plain: [WeightFormat: sotto_weight_format] = [
    .float32: SOTTO_FLOAT32, .float16: SOTTO_FLOAT16, .bfloat16: SOTTO_BFLOAT16, .q4_0: SOTTO_Q4_0,
    .q4_1: SOTTO_Q4_1, .q5_0: SOTTO_Q5_0, .q5_1: SOTTO_Q5_1, .q8_0: SOTTO_Q8_0, .q2_K: SOTTO_Q2_K,
    .q3_K: SOTTO_Q3_K, .q4_K: SOTTO_Q4_K, .q5_K: SOTTO_Q5_K, .q6_K: SOTTO_Q6_K, .iq4_NL: SOTTO_IQ4_NL,
    .iq4_XS: SOTTO_IQ4_XS, .iq1_S: SOTTO_IQ1_S, .iq1_M: SOTTO_IQ1_M, .iq2_XXS: SOTTO_IQ2_XXS,
    .iq2_XS: SOTTO_IQ2_XS, .iq2_S: SOTTO_IQ2_S, .iq3_XXS: SOTTO_IQ3_XXS, .iq3_S: SOTTO_IQ3_S,
    .tq1_0: SOTTO_TQ1_0, .tq2_0: SOTTO_TQ2_0, .q8_K: SOTTO_Q8_K, .nvfp4: SOTTO_NVFP4,
    .nvfp4Planar: SOTTO_NVFP4_PLANAR, .mxfp4: SOTTO_MXFP4, .mxfp4Planar: SOTTO_MXFP4_PLANAR,
  ]
}
