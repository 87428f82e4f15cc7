import Basics

/// The values that transformers' configuration classes give to keys that a config.json leaves out. A checkpoint that was
/// saved by transformers may lack every key whose value is the class's default.
enum ConfigurationDefaults {
  /// The key and the default of the norms' epsilon by `model_type`; nil for a type without one or one that is not known.
  static func epsilon(of modelType: String) -> (key: String, value: Double)? {
    for (key, value, types) in epsilons where types.contains(modelType) { return (key, value) }
    return nil
  }

  /// The default of `rope_theta` by `model_type`; nil for 10000, or for a type without one.
  static func ropeBase(of modelType: String) -> Double? {
    ropeBases.first { $0.types.contains(modelType) }?.base
  }

  private static let ropeBases: [(base: Double, types: Set<String>)] = [
    (100_000, ["helium"]),
    (150_000, ["gpt_oss"]),
    (
      500_000,
      [
        "bitnet", "cohere", "ernie4_5", "ernie4_5_moe", "llama4", "llama4_text", "olmo3", "qwen3_vl",
        "qwen3_vl_text",
      ]
    ),
    (
      1_000_000,
      [
        "lfm2", "lfm2_moe", "minimax", "ministral3", "mixtral", "phimoe", "qwen2_vl", "qwen2_vl_text",
        "qwen2_5_vl", "qwen2_5_vl_text",
      ]
    ),
    (2_000_000, ["smollm3"]),
    (5_000_000, ["minimax_m2"]),
    (6_000_000, ["bailing_hybrid", "bailing_moe_v3"]),
    (12_000_000, ["apertus"]),
  ]

  /// The defaults of other keys by `model_type`.
  static func others(of modelType: String) -> JSONObject { otherKeys[modelType]?.asObject ?? JSONObject() }

  private static let otherKeys: [String: JSON] = [
    "deepseek_v3": ["routed_scaling_factor": 2.5, "n_group": 8, "topk_group": 4],
    "exaone_moe": ["routed_scaling_factor": 2.5],
    "gemma3_text": ["query_pre_attn_scalar": 256],
    "gemma3n_text": ["final_logit_softcapping": 30],
    "gemma4_text": ["hidden_size_per_layer_input": 256],
    "glm4_moe_lite": ["routed_scaling_factor": 1.8],
    "kimi_k2": ["routed_scaling_factor": 2.5, "n_group": 8, "topk_group": 4],
    "kimi_linear": ["routed_scaling_factor": 2.446],
    "nemotron_h": ["n_shared_experts": 1],
  ]

  /// The defaults of `rope_parameters` by `model_type`, for a configuration without it and without `rope_scaling`; nil for
  /// no scaling.
  static func ropeParameters(of modelType: String) -> JSON? { ropeParameters[modelType] }

  private static let ropeParameters: [String: JSON] = [
    "gemma4_text": [
      "full_attention": [
        "rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1_000_000,
      ],
      "sliding_attention": ["rope_type": "default", "rope_theta": 10000],
    ],
    "gpt_oss": [
      "rope_type": "yarn", "factor": 32, "beta_fast": 32, "beta_slow": 1, "truncate": false,
      "original_max_position_embeddings": 4096,
    ],
    "ministral3": [
      "rope_type": "yarn", "factor": 16, "beta_fast": 32, "beta_slow": 1, "rope_theta": 1_000_000,
      "original_max_position_embeddings": 16384, "mscale": 1, "mscale_all_dim": 1,
      "llama_4_scaling_beta": 0.1,
    ],
    "mistral4": [
      "rope_type": "yarn", "factor": 128, "beta_fast": 32, "beta_slow": 1, "rope_theta": 10000,
      "original_max_position_embeddings": 8192, "mscale": 1, "mscale_all_dim": 1,
      "llama_4_scaling_beta": 0.1,
    ],
  ]

  /// The names that an epsilon has in config.json.
  static let epsilonKeys = [
    "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon", "norm_eps", "norm_epsilon",
  ]

  /// Types whose norms have an epsilon that is no key.
  static let typesWithFixedEpsilon: Set<String> = ["olmo", "opt", "dbrx"]

  private static let epsilons: [(key: String, value: Double, types: Set<String>)] = [
    (
      "rms_norm_eps", 1e-5,
      [
        "afmoe", "apertus", "arcee", "bamba", "bitnet", "diffllama", "ernie4_5", "ernie4_5_moe", "exaone4",
        "exaone_moe", "falcon_h1", "glm4_moe", "granite_swa", "glm4_moe_lite", "gpt_oss", "hunyuan_v1_dense",
        "hunyuan_v1_moe",
        "internlm3", "kimi_linear", "llama4_text", "minicpm3", "minimax", "ministral3", "mixtral", "olmo2",
        "olmo3",
        "olmoe", "phi3", "phi4_multimodal", "phimoe", "qwen2_5_vl", "qwen2_5_vl_text", "qwen2_vl",
        "qwen2_vl_text",
        "zamba", "zamba2",
      ]
    ),
    (
      "rms_norm_eps", 1e-6,
      [
        "bailing_hybrid", "bailing_moe", "deepseek_v2", "deepseek_v3", "doge", "dots1", "flex_olmo", "gemma",
        "gemma2",
        "gemma3", "gemma3_text", "gemma3n_text", "granite", "granitemoe", "granitemoehybrid",
        "granitemoeshared",
        "hyperclovax", "jamba", "llama", "minimax_m2", "ministral", "mistral", "nanochat", "qwen2",
        "qwen2_moe", "qwen3",
        "qwen3_moe", "qwen3_next", "qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text",
        "granitemoe_swa", "qwen3_vl", "qwen3_vl_text", "recurrent_gemma", "seed_oss", "smollm3",
        "vaultgemma",
      ]
    ),
    ("rms_norm_eps", 1.5625e-7, ["glm", "glm4"]),
    ("rms_norm_eps", 1e-8, ["helium"]),
    (
      "layer_norm_epsilon", 1e-5,
      [
        "bloom", "codegen", "falcon", "falcon_mamba", "gpt2", "gpt_bigcode", "gpt_neo", "gptj", "mamba",
        "mamba2",
        "mpt", "nemotron_h",
      ]
    ),
    ("layer_norm_eps", 1e-5, ["cohere", "cohere2", "gpt_neox", "jais2", "persimmon", "phi", "stablelm"]),
    ("norm_eps", 1e-5, ["lfm2", "lfm2_moe", "nemotron"]),
    ("norm_epsilon", 1e-5, ["starcoder2"]),
  ]

  /// The defaults of a text model's class, for the `text_config` of a multimodal checkpoint, which has only what differs
  /// from them.
  static func textModel(_ modelType: String) -> JSONObject { texts[modelType]?.asObject ?? JSONObject() }

  /// The type of the text model, for a `text_config` without `model_type`, by that of the whole.
  static let textTypes = [
    "gemma3": "gemma3_text", "qwen2_vl": "qwen2_vl_text", "qwen2_5_vl": "qwen2_5_vl_text",
    "qwen3_vl": "qwen3_vl_text", "llava": "llama", "llava_next": "llama", "llava_next_video": "llama",
    "llava_onevision": "qwen2", "video_llava": "llama", "vipllava": "llama", "mistral3": "mistral",
    "idefics3": "llama", "smolvlm": "llama", "internvl": "qwen2", "aya_vision": "cohere2",
  ]

  private static let qwen2VL: JSON = [
    "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80, "num_attention_heads": 64,
    "num_key_value_heads": 8, "vocab_size": 152_064, "max_position_embeddings": 32768,
    "rope_theta": 1_000_000,
  ]

  private static let texts: [String: JSON] = [
    "llama": [
      "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
      "vocab_size": 32000, "max_position_embeddings": 2048,
    ],
    "mistral": [
      "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
      "num_key_value_heads": 8, "vocab_size": 32000, "max_position_embeddings": 131_072,
      "sliding_window": 4096,
    ],
    "qwen2": [
      "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32,
      "num_key_value_heads": 32, "vocab_size": 151_936, "max_position_embeddings": 32768,
    ],
    "qwen3": [
      "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32,
      "num_key_value_heads": 32, "head_dim": 128, "vocab_size": 151_936, "max_position_embeddings": 32768,
    ],
    "qwen2_vl_text": qwen2VL,
    "qwen2_5_vl_text": qwen2VL,
    "qwen3_vl_text": [
      "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "num_attention_heads": 32,
      "num_key_value_heads": 32, "head_dim": 128, "vocab_size": 151_936, "max_position_embeddings": 128_000,
      "rope_theta": 500_000,
    ],
    "gemma": [
      "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28, "num_attention_heads": 16,
      "num_key_value_heads": 16, "head_dim": 256, "vocab_size": 256_000, "max_position_embeddings": 8192,
    ],
    "gemma2": [
      "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
      "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256_000, "max_position_embeddings": 8192,
    ],
    "gemma3_text": [
      "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
      "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262_208, "max_position_embeddings": 131_072,
      "sliding_window": 4096, "query_pre_attn_scalar": 256,
    ],
  ]
}
