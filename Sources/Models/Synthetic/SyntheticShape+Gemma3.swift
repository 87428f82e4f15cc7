extension SyntheticShape {
  /// Gemma 3 4B in Q4_K.
  static let gemma3: [SyntheticShape] = [
    SyntheticShape(
      name: "gemma-3-4b",
      configuration: [
        "model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34,
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 10240,
        "vocab_size": 262_208, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000,
        "rope_local_base_freq": 10000, "max_position_embeddings": 131_072, "sliding_window": 1024,
        "sliding_window_pattern": 6, "query_pre_attn_scalar": 256,
        "rope_scaling": ["rope_type": "linear", "factor": 8.0],
      ],
      formats: ["": .q4_K, "embed_tokens": .q6_K], optional: [])
  ]
}
