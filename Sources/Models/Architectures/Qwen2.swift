/// Qwen2 and Qwen2.5 (arXiv:2407.10671, 2412.15115): Qwen3's layers with biases of queries, keys and
/// values instead of norms of the heads.
enum Qwen2 {
  /// Also the text model of Qwen2-VL and Qwen2.5-VL.
  static let architecture = Architecture(
    "qwen2", "qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text",
    gguf: GGUFConversion("qwen2", export: GGUFExport.Rules()),
    mlx: .plain
  ) {
    try PreNormDecoder(windows: Qwen3.windows($0)).model($0, $1)
  }
}
