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
    SyntheticShape(
      name: "llama-3.2-3b",
      configuration: [
        "model_type": "llama", "hidden_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 24,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192, "vocab_size": 128_256,
        "rms_norm_eps": 1e-5, "rope_theta": 500_000, "max_position_embeddings": 131_072,
        "tie_word_embeddings": true,
      ],
      formats: ["": .q4_K, "embed_tokens": .q6_K], optional: []),
  ]

  /// MobileLLM 125M in 8 bits.
  static let mobileLLM = SyntheticShape(
    name: "mobilellm-125m",
    configuration: [
      "model_type": "mobilellm", "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
      "num_key_value_heads": 3, "head_dim": 64, "intermediate_size": 1536, "vocab_size": 32000,
      "rms_norm_eps": 1e-5, "rope_theta": 10000, "max_position_embeddings": 2048, "share_embedding": true,
      "layer_sharing": false,
    ],
    formats: ["": .q8_0], optional: [])

  /// MobileLLM-R1 950M in 8 bits.
  static let mobileLLMR1 = SyntheticShape(
    name: "mobilellm-r1-950m",
    configuration: [
      "model_type": "llama4_text", "hidden_size": 1536, "num_hidden_layers": 22, "num_attention_heads": 24,
      "num_key_value_heads": 6, "head_dim": 64, "intermediate_size": 8192, "intermediate_size_mlp": 6144,
      "vocab_size": 128_256, "rms_norm_eps": 1e-5, "rope_theta": 500_000, "max_position_embeddings": 32768,
      "tie_word_embeddings": true, "use_qk_norm": true, "no_rope_layer_interval": 1000,
      "attn_temperature_tuning": false, "interleave_moe_layer_step": 0, "attention_chunk_size": 32768,
    ],
    formats: ["": .q8_0], optional: [])
}
