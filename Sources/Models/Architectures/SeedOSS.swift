/// Seed-OSS (ByteDance-Seed/Seed-OSS-36B-Instruct): Llama's layers with biases of queries, keys and values.
enum SeedOSS {
  static let architecture = Architecture(
    "seed_oss",
    gguf: GGUFConversion(
      "seed_oss", tensors: ["post_attention_layernorm": "post_attention_norm"], export: GGUFExport.Rules()),
    mlx: .plain
  ) { try PreNormDecoder().model($0, $1) }
}
