/// The storage formats of weights in GGUF and safetensors files.
///
/// A format consists of blocks of consecutive columns of one row. Interleaved formats (GGUF) store the scales of a block
/// next to its values; planar ones (MLX's affine groups, MXFP4 in safetensors) store scales and biases in separate planes.
public enum WeightFormat: Sendable, Hashable {
  case float32, float16, bfloat16
  /// GGUF blocks of 32 columns.
  case q4_0, q4_1, q5_0, q5_1, q8_0, iq4_NL
  /// GGUF super-blocks of 256 columns.
  case q2_K, q3_K, q4_K, q5_K, q6_K, iq4_XS
  /// GGUF super-blocks of 256 columns whose numbers are points of lattices (IQ), ternary digits (TQ), or bytes.
  case iq1_S, iq1_M, iq2_XXS, iq2_XS, iq2_S, iq3_XXS, iq3_S, tq1_0, tq2_0, q8_K
  /// GGUF's NVFP4: 64 columns in 36 bytes, four unsigned E4M3 scales of 16 columns each, followed by 8 bytes of nibbles
  /// for each, columns 0 to 7 in the low ones and 8 to 15 in the high ones.
  case nvfp4
  /// GGUF's MXFP4: 32 columns in 17 bytes, an E8M0 scale followed by 16 bytes with columns 0 to 15 in the low nibbles and
  /// columns 16 to 31 in the high nibbles.
  case mxfp4
  /// MXFP4 in safetensors (OpenAI's checkpoint and MLX's `mxfp4` mode): a plane of nibbles, columns 2i and 2i+1 in the low
  /// and high nibble of byte i, and a plane of E8M0 scales, one per 32 columns.
  case mxfp4Planar
  /// MLX's `nvfp4` mode: nibbles as in `mxfp4Planar`, and a plane of E4M3 scales, one per 16 columns.
  case nvfp4Planar
  /// E4M3 bytes and a plane of scales, one per `groupSize` columns (a multiple of 32) of a row: FP8 in safetensors, whose
  /// scales are repeated for every row, and MLX's `mxfp8` mode.
  case float8(groupSize: Int, scale: Float8Scale)
  /// Groups with a zero point, as GPTQ and AWQ have them: value = scale * (q - zero); q is packed as in `affine`, and the
  /// plane of biases holds the zero points, a byte each.
  case zeroPoint(bits: Int, groupSize: Int, scale: ScaleType)
  /// MLX's affine groups: value = scale * q + bias for `groupSize` columns; q (1 to 6 bits, or 8) is packed
  /// into little-endian 32-bit words from the low bits up, across words for 3, 5 and 6 bits; scales and biases are planes of `scale` numbers.
  case affine(bits: Int, groupSize: Int, scale: ScaleType)

  /// The type of the numbers in the scale and bias planes of `affine`.
  public enum ScaleType: Sendable, Hashable { case float32, float16, bfloat16 }

  /// The type of the scales of `float8`: numbers, or the exponents of powers of two.
  public enum Float8Scale: Sendable, Hashable { case float32, e8m0 }

  /// Columns per block; the number of columns of a row must be a multiple of it.
  public var blockColumns: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_NL, .mxfp4, .mxfp4Planar, .nvfp4Planar: 32
    case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_XS: 256
    case .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS, .iq3_S, .tq1_0, .tq2_0, .q8_K: 256
    case .nvfp4: 64
    case .affine(_, let groupSize, _), .zeroPoint(_, let groupSize, _), .float8(let groupSize, _): groupSize
    }
  }

  /// Bytes per block in the plane of values (without scale and bias planes).
  public var blockBytes: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q4_0, .iq4_NL: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0: 34
    case .q2_K: 84
    case .q3_K: 110
    case .iq4_XS: 136
    case .q4_K: 144
    case .q5_K: 176
    case .q6_K: 210
    case .mxfp4: 17
    case .mxfp4Planar, .nvfp4Planar: 16
    case .iq1_S: 50
    case .iq1_M: 56
    case .iq2_XXS, .tq2_0: 66
    case .iq2_XS: 74
    case .iq2_S: 82
    case .iq3_XXS: 98
    case .iq3_S: 110
    case .tq1_0: 54
    case .q8_K: 292
    case .nvfp4: 36
    case .float8(let groupSize, _): groupSize
    case .affine(let bits, let groupSize, _), .zeroPoint(let bits, let groupSize, _): bits * groupSize / 8
    }
  }
}
