/// Phi-3, Phi-3.5 and Phi-4 (arXiv:2404.14219, 2412.08905, 2503.01743): Llama's layers with fused projections, rotary
/// embeddings on a part of a head, and LongRoPE.
enum Phi3 {
  static let architecture = Architecture(
    "phi3",
    gguf: GGUFConversion("phi3", tensors: ["mlp.gate_up_proj": "ffn_up"]) {
      // llama.cpp ignores the window: its files do not say which layers have one.
      $0["sliding_window"] = nil
    }, mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize)
    let windows = try configuration.windows(count: shape.layers) { _ in true }
    return try PreNormDecoder(windows: windows, rotary: rotary).model(configuration, weights)
  }
}
