/// Llama (arXiv:2302.13971, 2407.21783) and models with the same layers: SmolLM2, MobileLLM, TinyLlama, Yi.
///
/// Pre-norm layers of grouped-query attention and a gated feed-forward block; biases if the file has
/// them; the output head may be tied to the embedding.
enum Llama {
  static let architecture = Architecture(
    "llama", gguf: gguf, mlx: .plain, shapes: SyntheticShape.llama
  ) { configuration, weights in
    // GGUF files of Mixtral have this architecture's name.
    guard try configuration.integer("num_local_experts", 0...65536, default: 0) == 0 else {
      return try Mixtral.model(configuration, weights)
    }
    // Only mlx-lm has windows, in the layers that `layer_types` names.
    let shape = try DecoderShape(configuration)
    return try PreNormDecoder(windows: configuration.windows(count: shape.layers) { _ in false })
      .model(configuration, weights)
  }

  /// Also of Mistral and Mixtral, whose GGUF files have this architecture's name.
  static let gguf = GGUFConversion(
    "llama",
    tensors: [
      "block_sparse_moe.gate": "ffn_gate_inp", "block_sparse_moe.experts.gate_proj": "ffn_gate_exps",
      "block_sparse_moe.experts.up_proj": "ffn_up_exps",
      "block_sparse_moe.experts.down_proj": "ffn_down_exps",
      // Files from before 2024 have a tensor for each expert.
      "block_sparse_moe.experts.#.w1": "ffn_gate.#", "block_sparse_moe.experts.#.w2": "ffn_down.#",
      "block_sparse_moe.experts.#.w3": "ffn_up.#",
    ], export: .llama, configure: GGUFConversion.interleavedRotary)
}
