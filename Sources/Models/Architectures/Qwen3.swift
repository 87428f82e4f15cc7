/// Qwen3 (arXiv:2505.09388).
///
/// Pre-norm layers of grouped-query attention with a norm of each query and key head, and a gated feed-forward block.
/// Layers from `max_window_layers` on may attend to a sliding window.
enum Qwen3 {
  /// Also the text model of Qwen3-VL.
  static let architecture = Architecture(
    "qwen3", "qwen3_vl", "qwen3_vl_text", gguf: GGUFConversion("qwen3", export: GGUFExport.Rules()),
    mlx: .plain,
    shapes: SyntheticShape.qwen3
  ) {
    try PreNormDecoder(windows: windows($0), headNorms: .perHead).model($0, $1)
  }

  /// The sliding window of each layer; all nil unless `use_sliding_window` is true.
  static func windows(_ configuration: ModelConfiguration) throws -> [Int?] {
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    guard try configuration.bool("use_sliding_window", default: false) else {
      return Array(repeating: nil, count: count)
    }
    let first = try configuration.integer("max_window_layers", 0...1 << 20, default: 28)
    return try configuration.windows(count: count, default: 4096) { $0 >= first }
  }
}
