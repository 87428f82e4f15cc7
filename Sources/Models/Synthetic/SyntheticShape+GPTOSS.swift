import Checkpoints

extension SyntheticShape {
  /// GPT-OSS 20B and 120B.
  static let gptOSS = [
    gptOSS("gpt-oss-20b", layers: 24, experts: 32), gptOSS("gpt-oss-120b", layers: 36, experts: 128),
  ]

  /// GPT-OSS: the experts in MXFP4, the rest in 8 bits.
  private static func gptOSS(_ name: String, layers: Int, experts: Int) -> SyntheticShape {
    SyntheticShape(
      name: name,
      configuration: [
        "model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": .integer(layers),
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880,
        "vocab_size": 201_088, "rms_norm_eps": 1e-5, "rope_theta": 150_000,
        "max_position_embeddings": 131_072, "sliding_window": 128, "tie_word_embeddings": false,
        "num_local_experts": .integer(experts), "num_experts_per_tok": 4,
        "rope_scaling": [
          "rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096, "truncate": false,
        ],
      ],
      formats: ["": .q8_0, "experts": .mxfp4], optional: [".bias", "lm_head.weight"])
  }
}
