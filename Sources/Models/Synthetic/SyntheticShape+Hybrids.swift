import Basics
import Checkpoints

// Hybrids of attention and a recurrence or a convolution, in 8 bits.
extension SyntheticShape {
  /// Granite 4.0 H Tiny.
  static let graniteHybrid: [SyntheticShape] = [
    SyntheticShape(
      name: "granite-4.0-h-tiny",
      configuration: [
        "model_type": "granitemoehybrid", "hidden_size": 1536, "num_hidden_layers": 40,
        "num_attention_heads": 12, "num_key_value_heads": 4, "intermediate_size": 512,
        "shared_intermediate_size": 1024, "num_local_experts": 64, "num_experts_per_tok": 6,
        "mamba_n_heads": 48, "mamba_d_head": 64, "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_d_conv": 4,
        "mamba_expand": 2, "attention_multiplier": 0.0078125, "embedding_multiplier": 12.0,
        "residual_multiplier": 0.22, "logits_scaling": 6.0, "position_embedding_type": "nope",
        "rms_norm_eps": 1e-5, "vocab_size": 100_352, "max_position_embeddings": 131_072,
        "tie_word_embeddings": true, "layer_types": types(40, "mamba", ["attention": [5, 15, 25, 35]]),
      ],
      formats: ["": .q8_0], optional: ["conv1d.bias"])
  ]

  /// Falcon-H1 1.5B.
  static let falconH1: [SyntheticShape] = [
    SyntheticShape(
      name: "falcon-h1-1.5b",
      configuration: [
        "model_type": "falcon_h1", "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 8,
        "num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 4096, "mamba_d_ssm": 3072,
        "mamba_n_heads": 48, "mamba_d_head": 64, "mamba_d_state": 256, "mamba_n_groups": 1, "mamba_d_conv": 4,
        "mamba_rms_norm": false, "mamba_norm_before_gate": false, "rms_norm_eps": 1e-5,
        "rope_theta": 100_000_000_000, "vocab_size": 65_537, "max_position_embeddings": 131_072,
        "tie_word_embeddings": false, "key_multiplier": 0.4, "ssm_in_multiplier": 1.25,
        "ssm_out_multiplier": 0.25, "attention_out_multiplier": 0.9, "lm_head_multiplier": 0.02,
        "embedding_multiplier": 5.0, "mlp_multipliers": [0.9, 0.2],
        "ssm_multipliers": [0.35, 0.25, 0.35, 0.5, 0.35],
      ],
      formats: ["": .q8_0], optional: ["conv1d.bias", "lm_head.weight"])
  ]

  /// LFM2 1.2B.
  static let lfm2: [SyntheticShape] = [
    SyntheticShape(
      name: "lfm2-1.2b",
      configuration: [
        "model_type": "lfm2", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "block_ff_dim": 12_288, "block_multiple_of": 256,
        "block_ffn_dim_multiplier": 1.0, "block_auto_adjust_ff_dim": true, "conv_L_cache": 3,
        "conv_bias": false, "norm_eps": 1e-5, "rope_theta": 1_000_000, "vocab_size": 65_536,
        "max_position_embeddings": 128_000, "tie_word_embeddings": true,
        "layer_types": types(16, "conv", ["full_attention": [2, 5, 8, 10, 12, 14]]),
      ],
      formats: ["": .q8_0], optional: [])
  ]

  /// Nemotron Nano 9B v2.
  static let nemotronH: [SyntheticShape] = [
    SyntheticShape(
      name: "nemotron-nano-9b-v2",
      configuration: [
        "model_type": "nemotron_h", "hidden_size": 4480, "num_hidden_layers": 56, "num_attention_heads": 40,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 15_680, "mamba_num_heads": 128,
        "mamba_head_dim": 80, "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4,
        "layer_norm_epsilon": 1e-5, "mlp_hidden_act": "relu2", "vocab_size": 131_072,
        "max_position_embeddings": 131_072, "tie_word_embeddings": false,
        "hybrid_override_pattern": "M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-",
      ],
      formats: ["": .q8_0], optional: ["conv1d.bias", "lm_head.weight"])
  ]

  /// Jamba Reasoning 3B.
  static let jamba: [SyntheticShape] = [
    SyntheticShape(
      name: "jamba-reasoning-3b",
      configuration: [
        "model_type": "jamba", "hidden_size": 2560, "num_hidden_layers": 28, "num_attention_heads": 20,
        "num_key_value_heads": 1, "intermediate_size": 8192, "attn_layer_period": 14, "attn_layer_offset": 13,
        "num_experts": 1, "num_experts_per_tok": 1, "expert_layer_period": 2, "expert_layer_offset": 1,
        "mamba_d_state": 16, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_dt_rank": 160,
        "rms_norm_eps": 1e-6, "vocab_size": 65_536, "max_position_embeddings": 262_144,
        "tie_word_embeddings": true,
      ],
      formats: ["": .q8_0, "A_log": .float32], optional: ["conv1d.bias", "dt_proj.bias"])
  ]

  /// A name for each of `count` layers: `usual`, but for those with an index under another name.
  private static func types(_ count: Int, _ usual: String, _ others: [String: [Int]]) -> JSON {
    .array(
      (0..<count).map { index in
        .string(others.first { $0.value.contains(index) }?.key ?? usual)
      })
  }
}
