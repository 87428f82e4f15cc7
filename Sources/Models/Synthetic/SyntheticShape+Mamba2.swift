extension SyntheticShape {
  /// Mamba 2.8B in 8 bits.
  static let mamba: [SyntheticShape] = [
    SyntheticShape(
      name: "mamba-2.8b",
      configuration: [
        "model_type": "mamba", "hidden_size": 2560, "intermediate_size": 5120, "num_hidden_layers": 64,
        "state_size": 16, "conv_kernel": 4, "time_step_rank": 160, "vocab_size": 50280,
        "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
      ],
      formats: ["": .q8_0, "A_log": .float32], optional: ["conv1d.bias", "dt_proj.bias"])
  ]

  /// Mamba-2 2.7B in 8 bits.
  static let mamba2: [SyntheticShape] = [
    SyntheticShape(
      name: "mamba2-2.7b",
      configuration: [
        "model_type": "mamba2", "hidden_size": 2560, "num_hidden_layers": 64, "num_heads": 80, "head_dim": 64,
        "state_size": 128, "n_groups": 1, "conv_kernel": 4, "expand": 2, "vocab_size": 50288,
        "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
      ],
      formats: ["": .q8_0], optional: ["conv1d.bias"])
  ]
}
