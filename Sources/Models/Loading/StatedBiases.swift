/// Which layers have biases by a config.json, with the defaults of transformers' classes for the keys that it does not have.
///
/// Layers are loaded with a bias where the file has one. A bias that the configuration does not have is not part of the
/// model that was meant: transformers leaves it out, mlx-lm refuses the file.
package struct StatedBiases {
  private let configuration: ModelConfiguration
  /// `model_type` without the ending of text models.
  private let type: String

  /// - Parameter configuration: the language model's.
  package init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    let name = (try? configuration.string("model_type")) ?? ""
    type = name.hasSuffix("_text") ? String(name.dropLast("_text".count)) : name
  }

  /// Why the model has no bias of this name.
  package struct Refusal: Equatable {
    /// The key that would allow it; nil if no key does.
    package let key: String?
  }

  /// Whether the configuration has no such bias; nil if it has it, or if that is not known.
  package func refusal(of name: String) throws -> Refusal? {
    guard let part = Part(name), let rule = rule(part) else { return nil }
    switch rule {
    case .always: return nil
    case .never: return Refusal(key: nil)
    case .keys(let keys, let byDefault):
      let stated = keys.filter(configuration.has)
      let allowed =
        try stated.isEmpty ? byDefault : stated.contains { try configuration.bool($0, default: false) }
      return allowed ? nil : Refusal(key: keys[0])
    }
  }

  /// What a layer is for.
  private enum Part {
    /// Queries, keys and values.
    case projections
    case attentionOutput
    case feedForward
    /// The first and the last layer of a state-space mixer or a convolution block.
    case mixerInput, mixerOutput
    case convolution
    case steps
    case router
    case norm
    case head
    case other

    init?(_ name: String) {
      let parts = name.split(separator: ".")
      guard parts.count >= 2, parts.last == "bias" else { return nil }
      let isFeedForward = parts.contains { ["mlp", "feed_forward", "experts", "switch_mlp"].contains($0) }
      let isAttention = parts.contains("self_attn")
      let layer = parts[parts.count - 2]
      self =
        switch layer {
        case _ where layer.contains("norm") || layer.hasPrefix("ln_"): .norm
        case _ where parts.contains("linear_attn"): .other
        case "q_proj", "k_proj", "v_proj", "qkv_proj", "query_key_value", "q_a_proj", "kv_a_proj_with_mqa",
          "c_attn":
          .projections
        case "o_proj": .attentionOutput
        case "dense", "c_proj": isFeedForward ? .feedForward : .attentionOutput
        case "gate_proj" where parts.dropLast(2).last == "gate": .router
        case "gate", "router": .router
        case "gate_proj", "up_proj", "down_proj", "gate_up_proj", "w1", "w2", "w3", "fc1", "fc2", "c_fc",
          "dense_h_to_4h", "dense_4h_to_h", "fc1_latent_proj", "fc2_latent_proj":
          .feedForward
        case "in_proj": .mixerInput
        case "out_proj": isAttention ? .attentionOutput : .mixerOutput
        case "conv1d", "conv": .convolution
        case "dt_proj": .steps
        case "lm_head", "embed_out": .head
        default: .other
        }
    }
  }

  private enum Rule {
    case always, never
    /// The keys that allow biases, and whether there are any without a key.
    case keys([String], byDefault: Bool)

    static func key(_ key: String, _ byDefault: Bool = false) -> Rule { .keys([key], byDefault: byDefault) }
  }

  /// The rule of a part; nil if it is not known.
  private func rule(_ part: Part) -> Rule? {
    if type.hasPrefix("bailing") { return Self.bailing(part, isThird: BailingHybrid.isThird(configuration)) }
    if let own = Self.own(type, part) { return own }
    guard Self.usual.contains(type) else { return nil }
    switch part {
    case .projections, .attentionOutput: return .key("attention_bias")
    case .feedForward: return .key("mlp_bias")
    case .head, .router, .other: return .never
    case .mixerInput, .mixerOutput, .convolution, .steps, .norm: return nil
    }
  }

  // What is added to a router's scores to choose experts (`expert_bias`) is no bias of a layer.
  private static func bailing(_ part: Part, isThird: Bool) -> Rule? {
    switch part {
    case .projections: .key(isThird ? "attention_bias" : "use_qkv_bias")
    case .attentionOutput: .key(isThird ? "attention_bias" : "use_bias")
    case .feedForward: isThird ? .never : .key("use_bias")
    case .head, .router, .other: .never
    default: nil
    }
  }

  /// Where a type differs from the usual ones.
  private static func own(_ type: String, _ part: Part) -> Rule? {
    switch (type, part) {
    case ("gpt2", _), ("phi", _): .always
    case ("cohere", .norm), ("cohere2", .norm): .never
    case (_, .norm): nil
    case ("starcoder2", .head), ("ernie4_5", .head), ("ernie4_5_moe", .router): .never
    case ("starcoder2", _): .key("use_bias", true)
    case ("ernie4_5", _), ("ernie4_5_moe", _): .key("use_bias")
    case ("gpt_neox", .projections), ("gpt_neox", .attentionOutput): .key("attention_bias", true)
    case ("gpt_neox", .feedForward), ("gpt_oss", .feedForward), ("gpt_oss", .router): .always
    case ("gpt_oss", .projections), ("gpt_oss", .attentionOutput): .key("attention_bias", true)
    case ("glm4", .projections), ("seed_oss", .projections): .key("attention_bias", true)
    case ("seed_oss", .attentionOutput): .key("attention_out_bias")
    case ("glm4", .attentionOutput), ("glm4_moe", .attentionOutput), ("helium", .attentionOutput),
      ("stablelm", .attentionOutput):
      .never
    case ("stablelm", .projections): .key("use_qkv_bias")
    case ("qwen2_moe", .projections): .key("qkv_bias", true)
    case ("qwen2", .projections), ("qwen2_vl", .projections), ("qwen2_5_vl", .projections): .always
    case ("recurrent_gemma", .feedForward), ("recurrent_gemma", .attentionOutput),
      ("recurrent_gemma", .other):
      .always
    case ("phimoe", .head): .key("lm_head_bias")
    case ("mamba", .mixerInput), ("mamba", .mixerOutput), ("mamba2", .mixerInput), ("mamba2", .mixerOutput),
      ("falcon_mamba", .mixerInput), ("falcon_mamba", .mixerOutput):
      .key("use_bias")
    case ("nemotron_h", .mixerInput), ("nemotron_h", .mixerOutput):
      .keys(["use_bias", "mamba_proj_bias"], byDefault: false)
    case ("granitemoehybrid", .mixerInput), ("granitemoehybrid", .mixerOutput), ("jamba", .mixerInput),
      ("jamba", .mixerOutput), ("falcon_h1", .mixerInput):
      .key("mamba_proj_bias")
    case ("falcon_h1", .mixerOutput): .key("projectors_bias")
    case ("mamba", .convolution), ("mamba2", .convolution), ("falcon_mamba", .convolution),
      ("nemotron_h", .convolution):
      .key("use_conv_bias", true)
    case ("granitemoehybrid", .convolution), ("jamba", .convolution), ("falcon_h1", .convolution):
      .key("mamba_conv_bias", true)
    case ("lfm2", .mixerInput), ("lfm2", .mixerOutput), ("lfm2", .convolution), ("lfm2_moe", .mixerInput),
      ("lfm2_moe", .mixerOutput), ("lfm2_moe", .convolution):
      .key("conv_bias")
    default: nil
    }
  }

  /// Types without biases but for those that `attention_bias` and `mlp_bias` allow, and those of `own`. Some of them do not
  /// have the keys, which mlx-lm reads all the same.
  private static let usual: Set<String> = [
    "apertus", "bitnet", "cohere", "cohere2", "deepseek_v2", "deepseek_v3", "dots1", "exaone4", "exaone_moe",
    "falcon_h1", "falcon_mamba", "gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "glm4", "glm4_moe",
    "glm4_moe_lite",
    "gpt_neox", "gpt_oss", "granite", "granite_swa", "granitemoe", "granitemoe_swa", "granitemoehybrid",
    "granitemoeshared", "helium", "hunyuan_v1_dense", "jamba", "kimi_k2", "kimi_linear", "lfm2", "lfm2_moe",
    "llama", "llama4", "mamba", "mamba2", "minimax", "minimax_m2", "ministral3", "mistral", "mistral4",
    "mixtral", "nemotron",
    "nemotron_h", "olmo2", "olmo3", "olmo_hybrid", "olmoe", "phi3", "phimoe", "qwen2", "qwen2_5_vl",
    "qwen2_moe", "qwen2_vl", "qwen3", "qwen3_5", "qwen3_5_moe", "qwen3_moe", "qwen3_next", "qwen3_vl",
    "recurrent_gemma", "seed_oss", "smollm3", "stablelm",
  ]
}
