import Checkpoints

extension SyntheticShape {
  /// SmolLM2 135M as Q4_1 and Llama 3.2 1B as Q4_K.
  static let llama: [SyntheticShape] = [
    SyntheticShape(
      name: "smollm2-135m",
      configuration: [
        "model_type": "llama", "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
        "num_key_value_heads": 3, "intermediate_size": 1536, "vocab_size": 49152, "rms_norm_eps": 1e-5,
        "rope_theta": 100_000, "max_position_embeddings": 8192, "tie_word_embeddings": true,
      ],
      formats: ["": .q4_1, "embed_tokens": .q8_0], optional: []),
    SyntheticShape(
      name: "llama-3.2-1b",
      configuration: [
        "model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 8192, "vocab_size": 128_256, "rms_norm_eps": 1e-5,
        "rope_theta": 500_000, "max_position_embeddings": 131_072, "tie_word_embeddings": true,
      ],
      formats: ["": .q4_K, "embed_tokens": .q6_K], optional: []),
  ]
}
