import Basics

/// The storage type of a GGUF tensor, by ggml's number. Unknown numbers are kept; only reading such a tensor is an error.
public struct GGMLType: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
  /// The number in the file.
  public let rawValue: UInt32

  /// The type with this number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The type of a weight format; nil for formats that GGUF does not have.
  init?(_ format: WeightFormat) {
    guard let found = Self.layouts.first(where: { $0.value.format == format }) else { return nil }
    rawValue = found.key
  }

  /// ggml's name, such as "Q4_K", or "type 99" for an unknown number.
  public var description: String { layout?.name ?? "type \(rawValue)" }
  /// The weight format; nil for types without kernels.
  public var format: WeightFormat? { layout?.format }

  /// The name, and the columns and bytes per block.
  struct Layout {
    let name: String
    let columns: Int
    let bytes: Int
    var format: WeightFormat?

    init(_ name: String, _ columns: Int, _ bytes: Int) {
      self.name = name
      self.columns = columns
      self.bytes = bytes
    }

    init(_ name: String, _ format: WeightFormat) {
      self.init(name, format.blockColumns, format.blockBytes)
      self.format = format
    }
  }

  /// The layout of this type; nil for unknown numbers of later ggml versions.
  var layout: Layout? { Self.layouts[rawValue] }

  /// `enum ggml_type` of ggml.h with the block sizes of ggml-common.h. Numbers 4, 5, 31 to 33 and 36 to 38 were removed
  /// from ggml.
  private static let layouts: [UInt32: Layout] = [
    0: Layout("F32", .float32),
    1: Layout("F16", .float16),
    2: Layout("Q4_0", .q4_0),
    3: Layout("Q4_1", .q4_1),
    6: Layout("Q5_0", .q5_0),
    7: Layout("Q5_1", .q5_1),
    8: Layout("Q8_0", .q8_0),
    9: Layout("Q8_1", 32, 36),
    10: Layout("Q2_K", .q2_K),
    11: Layout("Q3_K", .q3_K),
    12: Layout("Q4_K", .q4_K),
    13: Layout("Q5_K", .q5_K),
    14: Layout("Q6_K", .q6_K),
    15: Layout("Q8_K", .q8_K),
    16: Layout("IQ2_XXS", .iq2_XXS),
    17: Layout("IQ2_XS", .iq2_XS),
    18: Layout("IQ3_XXS", .iq3_XXS),
    19: Layout("IQ1_S", .iq1_S),
    20: Layout("IQ4_NL", .iq4_NL),
    21: Layout("IQ3_S", .iq3_S),
    22: Layout("IQ2_S", .iq2_S),
    23: Layout("IQ4_XS", .iq4_XS),
    24: Layout("I8", 1, 1),
    25: Layout("I16", 1, 2),
    26: Layout("I32", 1, 4),
    27: Layout("I64", 1, 8),
    28: Layout("F64", 1, 8),
    29: Layout("IQ1_M", .iq1_M),
    30: Layout("BF16", .bfloat16),
    34: Layout("TQ1_0", .tq1_0),
    35: Layout("TQ2_0", .tq2_0),
    39: Layout("MXFP4", .mxfp4),
    40: Layout("NVFP4", .nvfp4),
    41: Layout("Q1_0", 128, 18),
  ]
}
