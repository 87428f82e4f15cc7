extension SyntheticShape {
  /// Qwen3-Next 80B-A3B: the experts in Q4_K, 0.9 GB a layer, the rest in 8 bits.
  static let qwen3Next: [SyntheticShape] = [
    SyntheticShape(
      name: "qwen3-next-80b-a3b",
      configuration: [
        "model_type": "qwen3_next", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 16,
        "num_key_value_heads": 2, "head_dim": 256, "partial_rotary_factor": 0.25, "rope_theta": 10_000_000,
        "intermediate_size": 5120, "vocab_size": 151_936, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 262_144, "tie_word_embeddings": false, "full_attention_interval": 4,
        "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128,
        "linear_value_head_dim": 128, "linear_conv_kernel_dim": 4, "num_experts": 512,
        "num_experts_per_tok": 10, "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512,
        "norm_topk_prob": true, "decoder_sparse_step": 1,
      ],
      formats: ["": .q8_0, "mlp.experts": .q4_K], optional: ["lm_head.weight"])
  ]
}
