import Checkpoints

/// From the names of tensors in public checkpoints to those in GGUF files.
///
/// `model.layers.3.self_attn.q_proj.weight` is `blk.3.attn_q.weight`; what follows the layer's number, up
/// to `.weight` or `.bias`, is looked up in a table, first in the architecture's own.
struct GGUFNaming {
  private let own: [String: String]

  private static let outside = [
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "backbone.embeddings": "token_embd", "backbone.norm_f": "output_norm",
  ]
  private static let common = [
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
  ]
  private static let byArchitecture = [
    "gpt-oss": [
      "post_attention_layernorm": "post_attention_norm",
      "self_attn.sinks": "attn_sinks.weight",
      "mlp.router": "ffn_gate_inp",
      "mlp.experts.gate_proj": "ffn_gate_exps",
      "mlp.experts.up_proj": "ffn_up_exps",
      "mlp.experts.down_proj": "ffn_down_exps",
    ],
    "gemma3": [
      "post_attention_layernorm": "post_attention_norm",
      "pre_feedforward_layernorm": "ffn_norm",
      "post_feedforward_layernorm": "post_ffw_norm",
    ],
    "mamba2": [
      "norm": "attn_norm",
      "mixer.in_proj": "ssm_in",
      "mixer.conv1d": "ssm_conv1d",
      "mixer.dt_bias": "ssm_dt.bias",
      "mixer.A_log": "ssm_a",
      "mixer.D": "ssm_d",
      "mixer.norm": "ssm_norm",
      "mixer.out_proj": "ssm_out",
    ],
  ]

  init(architecture: String) { own = Self.byArchitecture[architecture] ?? [:] }

  /// The file's name of a tensor; a name without counterpart stays as it is.
  func fileName(_ name: String) -> String {
    let (stem, ending) = split(name)
    if let outside = Self.outside[stem] { return outside + ending }
    let parts = stem.split(separator: ".", maxSplits: 3)
    guard parts.count == 4, parts[0] == "model" || parts[0] == "backbone", parts[1] == "layers" else {
      return name
    }
    let inner = String(parts[3])
    guard let translated = own[inner] ?? Self.common[inner] else { return name }
    return "blk.\(parts[2]).\(translated)\(ending)"
  }

  private func split(_ name: String) -> (stem: String, ending: String) {
    for ending in [".weight", ".bias"] where name.hasSuffix(ending) {
      return (String(name.dropLast(ending.count)), ending)
    }
    return (name, "")
  }
}
