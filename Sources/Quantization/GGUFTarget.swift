import Basics

/// What the layers of a GGUF file are stored in: llama.cpp's mixes of formats.
public struct GGUFTarget: Sendable, Equatable {
  /// llama.cpp's name of the mix, such as "Q4_K_M".
  public let name: String
  /// `enum llama_ftype` of llama.h.
  let fileType: UInt32
  /// The format of most layers.
  let usual: WeightFormat

  /// The names of the targets.
  public static let names = all.map(\.name)

  private static let all = [
    GGUFTarget(name: "F32", fileType: 0, usual: .float32),
    GGUFTarget(name: "F16", fileType: 1, usual: .float16),
    GGUFTarget(name: "BF16", fileType: 32, usual: .bfloat16),
    GGUFTarget(name: "Q8_0", fileType: 7, usual: .q8_0),
    GGUFTarget(name: "Q6_K", fileType: 18, usual: .q6_K),
    GGUFTarget(name: "Q5_K_M", fileType: 17, usual: .q5_K),
    GGUFTarget(name: "Q5_K_S", fileType: 16, usual: .q5_K),
    GGUFTarget(name: "Q4_K_M", fileType: 15, usual: .q4_K),
    GGUFTarget(name: "Q4_K_S", fileType: 14, usual: .q4_K),
  ]

  private init(name: String, fileType: UInt32, usual: WeightFormat) {
    (self.name, self.fileType, self.usual) = (name, fileType, usual)
  }

  /// - Throws: `QuantizationError` for a name that is none of `names`; upper and lower case are the same.
  public init(name: String) throws(QuantizationError) {
    guard let found = Self.all.first(where: { $0.name == name.uppercased() }) else {
      throw QuantizationError(
        "'gguf:\(name)' is not a target; use gguf: with one of \(Self.names.joined(separator: ", "))")
    }
    self = found
  }

  /// Whether most layers are in blocks with scales.
  var isQuantized: Bool { usual.blockColumns > 1 }
}
