/// Llama (arXiv:2302.13971, 2407.21783) and models with the same layers: SmolLM2, MobileLLM, TinyLlama, Yi.
///
/// Pre-norm layers of grouped-query attention and a gated feed-forward block; biases if the file has
/// them; the output head may be tied to the embedding.
enum Llama {
  static let architecture = Architecture(
    "llama",
    gguf: GGUFConversion("llama", configure: GGUFConversion.interleavedRotary),
    shapes: SyntheticShape.llama
  ) { try PreNormDecoder().model($0, $1) }
}
