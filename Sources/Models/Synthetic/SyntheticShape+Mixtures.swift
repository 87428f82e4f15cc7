extension SyntheticShape {
  /// DeepSeek V3: 256 experts in Q4_K, 6.5 GB a layer, the rest in 8 bits. The projections of latent attention are split
  /// as mlx-lm's conversions have them.
  static let deepSeek: [SyntheticShape] = [
    SyntheticShape(
      name: "deepseek-v3",
      configuration: [
        "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61,
        "num_attention_heads": 128, "num_key_value_heads": 128, "intermediate_size": 18432,
        "moe_intermediate_size": 2048, "n_routed_experts": 256, "num_experts_per_tok": 8,
        "n_shared_experts": 1, "n_group": 8, "topk_group": 4, "routed_scaling_factor": 2.5,
        "scoring_func": "sigmoid", "topk_method": "noaux_tc", "norm_topk_prob": true,
        "first_k_dense_replace": 3, "moe_layer_freq": 1, "kv_lora_rank": 512, "q_lora_rank": 1536,
        "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "rope_theta": 10000,
        "vocab_size": 129_280, "rms_norm_eps": 1e-6, "max_position_embeddings": 163_840,
        "tie_word_embeddings": false,
        "rope_scaling": [
          "type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096, "beta_fast": 32,
          "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 1.0,
        ],
      ],
      formats: ["": .q8_0, "mlp.experts": .q4_K], optional: ["embed_q.weight", "lm_head.weight"])
  ]

  /// Qwen3 30B-A3B: 128 experts in Q4_K, 0.35 GB a layer, the rest in 8 bits.
  static let qwen3MoE: [SyntheticShape] = [
    SyntheticShape(
      name: "qwen3-30b-a3b",
      configuration: [
        "model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32,
        "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 6144, "moe_intermediate_size": 768,
        "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": true, "decoder_sparse_step": 1,
        "rope_theta": 1_000_000, "vocab_size": 151_936, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 40_960, "tie_word_embeddings": false,
      ],
      formats: ["": .q8_0, "mlp.experts": .q4_K], optional: ["lm_head.weight"])
  ]

  /// Ling-mini 2.0: 256 experts in Q4_K, 0.45 GB a layer, the rest in 8 bits.
  static let lingMini: [SyntheticShape] = [
    SyntheticShape(
      name: "ling-mini-2.0",
      configuration: [
        "model_type": "bailing_moe", "hidden_size": 2048, "num_hidden_layers": 20, "num_attention_heads": 16,
        "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 5120, "moe_intermediate_size": 512,
        "num_experts": 256, "num_experts_per_tok": 8, "num_shared_experts": 1, "n_group": 8, "topk_group": 4,
        "norm_topk_prob": true, "routed_scaling_factor": 2.5, "score_function": "sigmoid",
        "moe_router_enable_expert_bias": true, "first_k_dense_replace": 1, "use_qk_norm": true,
        "partial_rotary_factor": 0.5, "rope_theta": 600_000, "vocab_size": 157_184, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 32_768, "tie_word_embeddings": false,
      ],
      formats: ["": .q8_0, "mlp.experts": .q4_K], optional: ["query_key_value.weight", "lm_head.weight"])
  ]
}
