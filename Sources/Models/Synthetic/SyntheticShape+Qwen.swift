extension SyntheticShape {
  /// Qwen3 4B in Q4_K.
  static let qwen3: [SyntheticShape] = [
    SyntheticShape(
      name: "qwen3-4b",
      configuration: [
        "model_type": "qwen3", "hidden_size": 2560, "num_hidden_layers": 36, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 9728, "vocab_size": 151_936,
        "rms_norm_eps": 1e-6, "rope_theta": 1_000_000, "max_position_embeddings": 40960,
        "tie_word_embeddings": true,
      ],
      formats: ["": .q4_K, "embed_tokens": .q6_K], optional: [])
  ]

  /// Qwen3.5 4B in Q4_K.
  static let qwen35: [SyntheticShape] = [
    SyntheticShape(
      name: "qwen3.5-4b",
      configuration: [
        "model_type": "qwen3_5_text", "hidden_size": 2560, "num_hidden_layers": 32,
        "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 9216,
        "vocab_size": 248_320, "rms_norm_eps": 1e-6, "max_position_embeddings": 262_144,
        "tie_word_embeddings": true, "full_attention_interval": 4, "linear_num_key_heads": 16,
        "linear_num_value_heads": 32, "linear_key_head_dim": 128, "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
        "rope_parameters": [
          "rope_type": "default", "rope_theta": 10_000_000, "partial_rotary_factor": 0.25,
        ],
      ],
      formats: ["": .q4_K, "embed_tokens": .q6_K], optional: ["in_proj_qkv.weight"])
  ]
}
