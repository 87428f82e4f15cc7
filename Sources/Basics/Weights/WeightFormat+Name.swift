extension WeightFormat: CustomStringConvertible {
  /// The name for messages, such as "Q4_K" or "4-bit groups of 64".
  public var description: String {
    if case .affine(let bits, let groupSize, _) = self { return "\(bits)-bit groups of \(groupSize)" }
    return Self.names[self] ?? "blocks of \(blockColumns) columns in \(blockBytes) bytes"
  }

  private static let names: [WeightFormat: String] = [
    .float32: "F32", .float16: "F16", .bfloat16: "BF16", .q4_0: "Q4_0", .q4_1: "Q4_1", .q5_0: "Q5_0",
    .q5_1: "Q5_1", .q8_0: "Q8_0", .q4_K: "Q4_K", .q5_K: "Q5_K", .q6_K: "Q6_K", .mxfp4: "MXFP4",
    .mxfp4Planar: "MXFP4",
  ]
}
