import Basics

/// What the layers of a GGUF file are stored in: llama.cpp's mixes of formats.
public struct GGUFTarget: Sendable, Equatable {
  /// llama.cpp's name of the mix, such as "Q4_K_M".
  public let name: String
  /// `enum llama_ftype` of llama.h.
  let fileType: UInt32
  private let usual: WeightFormat
  /// Of the layers that need more: the head, and the value and down projections of some layers.
  private let sensitive: WeightFormat

  /// The names of the targets.
  public static let names = all.map(\.name)

  private static let all = [
    GGUFTarget(name: "F32", fileType: 0, usual: .float32, sensitive: .float32),
    GGUFTarget(name: "F16", fileType: 1, usual: .float16, sensitive: .float16),
    GGUFTarget(name: "BF16", fileType: 32, usual: .bfloat16, sensitive: .bfloat16),
    GGUFTarget(name: "Q8_0", fileType: 7, usual: .q8_0, sensitive: .q8_0),
    GGUFTarget(name: "Q6_K", fileType: 18, usual: .q6_K, sensitive: .q6_K),
    GGUFTarget(name: "Q5_K_M", fileType: 17, usual: .q5_K, sensitive: .q6_K),
    GGUFTarget(name: "Q4_K_M", fileType: 15, usual: .q4_K, sensitive: .q6_K),
  ]

  private init(name: String, fileType: UInt32, usual: WeightFormat, sensitive: WeightFormat) {
    (self.name, self.fileType, self.usual, self.sensitive) = (name, fileType, usual, sensitive)
  }

  /// - Throws: `QuantizationError` for a name that is none of `names`; upper and lower case are the same.
  public init(name: String) throws(QuantizationError) {
    guard let found = Self.all.first(where: { $0.name == name.uppercased() }) else {
      throw QuantizationError(
        "'gguf:\(name)' is not a target; use gguf: with one of \(Self.names.joined(separator: ", "))")
    }
    self = found
  }

  /// The format of a tensor.
  /// - Parameters:
  ///   - name: its name in the file.
  ///   - layers: the number of layers.
  ///   - isTied: whether the embedding is the head as well.
  func format(_ name: String, _ shape: [Int], layers: Int, isTied: Bool) -> WeightFormat {
    guard shape.count >= 2, name.hasSuffix(".weight"), let columns = shape.last else { return .float32 }
    let isHead = name == "output.weight" || (isTied && name == "token_embd.weight")
    var isSensitive = isHead
    let parts = name.split(separator: ".")
    if parts.count == 4, let index = Int(parts[1]), ["attn_v", "ffn_down"].contains(parts[2]) {
      isSensitive = Self.hasMoreBits(index, of: layers)
    }
    let format = isSensitive ? sensitive : usual
    if columns % format.blockColumns == 0 { return format }
    return columns % 32 == 0 ? .q8_0 : .float16
  }

  /// llama.cpp's choice: the first and the last eighth of the layers, and every third between.
  private static func hasMoreBits(_ index: Int, of layers: Int) -> Bool {
    index < layers / 8 || index >= 7 * layers / 8 || (index - layers / 8) % 3 == 2
  }
}
