import Basics
import Checkpoints
import Compute

/// How llama.cpp's converter stores an architecture in a GGUF file: its names of tensors and metadata, and the values that
/// it changes. These tables extend the common ones in `GGUFWeights` and `GGUFConfiguration`.
struct GGUFConversion: Sendable {
  /// `general.architecture`; also the prefix of the architecture's metadata keys.
  let name: String
  /// From public tensor names to GGUF's. Within a layer, the part after the layer's number. The names are without
  /// `.weight` and `.bias`, which are the same in both.
  let tensors: [String: String]
  /// From metadata keys, without the architecture's name, to config.json's.
  let keys: [String: String]
  /// Corrects the translated configuration where the converter changed or omitted a value.
  let configure: @Sendable (_ configuration: inout JSONObject) throws -> Void
  /// Restores the original values of a tensor that the converter changed. The name is the tensor's public one.
  let restore: @Sendable (_ name: String, _ stored: Weight) throws -> Weight

  /// How a GGUF file of the architecture is written; nil if that is not supported.
  let export: GGUFExport.Rules?

  /// A conversion with this name; tables and changes are optional.
  init(
    _ name: String, tensors: [String: String] = [:], keys: [String: String] = [:],
    export: GGUFExport.Rules? = nil,
    configure: @escaping @Sendable (inout JSONObject) throws -> Void = { _ in },
    restore: @escaping @Sendable (String, Weight) throws -> Weight = { $1 }
  ) {
    self.name = name
    self.tensors = tensors
    self.keys = keys
    self.configure = configure
    self.restore = restore
    self.export = export
  }
}

extension GGUFConversion {
  /// Names the kind of each layer in `layer_types`: a layer of attention has key-value heads, others have none.
  static func layerTypes(_ object: inout JSONObject, attention: String = "full_attention", other: String) {
    guard case .array(let heads) = object["num_key_value_heads"] else { return }
    object["layer_types"] = .array(heads.map { .string($0 == .integer(0) ? other : attention) })
  }

  /// The converter reorders the rows of q and k so that rotated pairs are adjacent (Llama and its kin).
  static func interleavedRotary(_ object: inout JSONObject) { object["rope_interleaved"] = true }

  /// Norms behind attention and feed-forward, the second one with a norm before it of the usual name.
  static let normsAfter = [
    "post_attention_layernorm": "post_attention_norm", "post_feedforward_layernorm": "post_ffw_norm",
  ]

  /// Says that the converter has added 1 to the norms' weights (Gemma, Qwen3-Next, Nemotron).
  static func normsIncludeOne(_ object: inout JSONObject) { object["norm_weights_include_one"] = true }

  /// Sets a size that the converter gives as a whole and a number of parts, or as a multiple.
  static func quotient(_ key: String, of whole: String, by part: String, _ object: inout JSONObject) {
    guard let whole = object[whole]?.asInteger, let part = object[part]?.asInteger, part > 0 else { return }
    object[key] = .integer(whole / part)
  }

  /// The tensors of gated blocks and experts below `feed_forward`.
  static let feedForwardTensors = [
    "feed_forward.gate_proj": "ffn_gate", "feed_forward.up_proj": "ffn_up",
    "feed_forward.down_proj": "ffn_down", "feed_forward.experts.gate_proj": "ffn_gate_exps",
    "feed_forward.experts.up_proj": "ffn_up_exps", "feed_forward.experts.down_proj": "ffn_down_exps",
  ]

  /// The metadata keys of a state-space mixer in a hybrid model (Granite 4, Falcon-H1, Jamba).
  static let hybridStateSpaceKeys = [
    "ssm.conv_kernel": "mamba_d_conv", "ssm.state_size": "mamba_d_state", "ssm.group_count": "mamba_n_groups",
    "ssm.time_step_rank": "mamba_n_heads", "ssm.inner_size": "ssm_inner_size",
  ]

  /// The metadata keys of a state-space mixer (Mamba-2).
  static let stateSpaceKeys = [
    "ssm.conv_kernel": "conv_kernel", "ssm.state_size": "state_size", "ssm.group_count": "n_groups",
    "ssm.time_step_rank": "num_heads", "ssm.inner_size": "ssm_inner_size",
  ]

  /// The tensors of a state-space mixer below `mixer`.
  static func stateSpaceTensors(_ mixer: String) -> [String: String] {
    [
      "\(mixer).in_proj": "ssm_in", "\(mixer).conv1d": "ssm_conv1d", "\(mixer).dt_bias": "ssm_dt.bias",
      "\(mixer).A_log": "ssm_a", "\(mixer).D": "ssm_d", "\(mixer).norm": "ssm_norm",
      "\(mixer).out_proj": "ssm_out", "\(mixer).x_proj": "ssm_x", "\(mixer).dt_proj": "ssm_dt",
      "\(mixer).dt_layernorm": "ssm_dt_norm", "\(mixer).b_layernorm": "ssm_b_norm",
      "\(mixer).c_layernorm": "ssm_c_norm",
    ]
  }

  /// Restores `A_log`: the converter stores -exp(A_log).
  static let restoringDecay: @Sendable (String, Weight) throws -> Weight = { name, stored in
    name.hasSuffix(".A_log") ? try stored.logarithmOfNegated() : stored
  }
}

extension ModelConfiguration {
  /// What is added to the norms' weights: safetensors store them minus 1; the GGUF converter adds the 1.
  func normOffset() throws -> Float { try bool("norm_weights_include_one", default: false) ? 0 : 1 }
}
