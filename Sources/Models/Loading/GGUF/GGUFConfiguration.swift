import Basics
import Checkpoints
import Compute

/// Translates a GGUF file's metadata into the keys of config.json, so that an architecture reads one kind of
/// configuration. Missing keys stay missing; the architecture has its defaults.
struct GGUFConfiguration {
  private let metadata: GGUFMetadata
  private let checkpoint: Checkpoint
  private let conversion: GGUFConversion

  init(_ metadata: GGUFMetadata, _ checkpoint: Checkpoint, _ conversion: GGUFConversion) {
    self.metadata = metadata
    self.checkpoint = checkpoint
    self.conversion = conversion
  }

  /// From GGUF keys, without the architecture's name, to config.json's. A value may be an array with one element per
  /// layer.
  static let common = [
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.sliding_window": "sliding_window",
    "attention.sliding_window_pattern": "sliding_window_pattern",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.layer_norm_epsilon": "layer_norm_eps",
    "expert_count": "num_local_experts",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_count": "n_shared_experts",
    "expert_group_count": "n_group",
    "expert_group_used_count": "topk_group",
    "expert_weights_scale": "routed_scaling_factor",
    "expert_weights_norm": "norm_topk_prob",
    "leading_dense_block_count": "first_k_dense_replace",
    "rope.freq_base": "rope_theta",
    "rope.freq_base_swa": "rope_local_base_freq",
    "rope.dimension_count": "rope_dimension_count",
    "logit_scale": "logit_scale",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
  ]

  /// An object with config.json's keys.
  /// - Parameter modelType: the value of `model_type`.
  func json(modelType: String) throws -> JSON {
    var object = JSONObject()
    object["model_type"] = .string(modelType)
    object["vocab_size"] = .integer(try checkpoint.weight("token_embd.weight").rows)
    object["tie_word_embeddings"] = .bool(!checkpoint.contains("output.weight"))
    object["rope_scaling"] = try ropeScaling()
    for table in [Self.common, conversion.keys] {
      for (key, name) in table {
        // A few keys lack the architecture's name.
        if let value = try value("\(conversion.name).\(key)") ?? value(key) { object[name] = value }
      }
    }
    guard ConfigurationDefaults.epsilonKeys.contains(where: { object[$0] != nil }) else {
      throw ModelError.missingKey("\(conversion.name).attention.layer_norm_rms_epsilon")
    }
    if object["sliding_window"] == .integer(0) { object["sliding_window"] = nil }
    object["expert_gating_func"] = try expertScoring()
    // As in llama.cpp, also for the weight of a single expert.
    object["normalizes_single_expert"] = true
    separateWindows(&object)
    try withoutPredictionLayers(&object)
    try conversion.configure(&object)
    return .object(object)
  }

  /// A metadata value of any kind; nil if there is none.
  private func value(_ key: String) throws -> JSON? {
    switch metadata[key] {
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .bool(let value): return .bool(value)
    case .string: return try metadata.optionalString(key).map { .string($0) }
    case .strings(let values): return .array(values.strings().map { .string($0) })
    case .numbers(let values):
      if values.element.isFloatingPoint { return .array(values.floats().map { .number(Double($0)) }) }
      let integers = try metadata.integers(key)
      return .array(values.element == .bool ? integers.map { .bool($0 != 0) } : integers.map { .integer($0) })
    case .arrays, nil: return nil
    }
  }

  /// The scaling of rotary frequencies, if any.
  ///
  /// GGUF has no key for YaRN's `truncate`, and llama.cpp always rounds the range outwards to whole pairs, as
  /// is also the default here. OpenAI's checkpoint says `truncate: false`: with its range (8.09 to 17.40 become
  /// 8 to 18) the same weights then answer slightly differently from GGUF. But a GGUF
  /// file should give the same results as in llama.cpp: Tests/Scripts/compare_gpt_oss.py finds 5e-6 standard deviations of the logits to llama.cpp.
  private func ropeScaling() throws -> JSON {
    if checkpoint.contains("rope_freqs.weight") {
      return ["rope_type": "factors", "factors": try factors("rope_freqs.weight")]
    }
    let prefix = "\(conversion.name).rope.scaling."
    if checkpoint.contains("rope_factors_long.weight") { return try longRope(prefix) }
    // Files from 2023 have a key of their own for the factor. Without a type, the scaling is linear; 0 is no scaling.
    let factor =
      try metadata.optionalNumber(prefix + "factor")
      ?? metadata.optionalNumber("\(conversion.name).rope.scale_linear")
    let type = try metadata.optionalString(prefix + "type")
    guard let kind = type ?? factor.map({ _ in "linear" }), kind != "none", factor != 0 else { return .null }
    var scaling = JSONObject()
    scaling["rope_type"] = .string(kind)
    if let factor { scaling["factor"] = .number(factor) }
    for (key, name) in [
      ("original_context_length", "original_max_position_embeddings"),
      ("attn_factor", "attention_factor"), ("yarn_attn_factor", "attention_factor"),
      ("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow"),
    ] {
      if let value = try metadata.optionalNumber(prefix + key) { scaling[name] = .number(value) }
    }
    // DeepSeek's magnitude, a tenth of `mscale_all_dim`.
    if let scale = try metadata.optionalNumber(prefix + "yarn_log_multiplier") {
      scaling["mscale"] = .number(scale * 10)
      scaling["mscale_all_dim"] = .number(scale * 10)
    }
    return .object(scaling)
  }

  /// LongRoPE, whose factors are tensors.
  private func longRope(_ prefix: String) throws -> JSON {
    var scaling = JSONObject()
    scaling["rope_type"] = "longrope"
    scaling["long_factor"] = try factors("rope_factors_long.weight")
    scaling["short_factor"] = try factors("rope_factors_short.weight")
    let key = "original_context_length"
    scaling["original_max_position_embeddings"] = try metadata.optionalInteger(prefix + key).map {
      .integer($0)
    }
    scaling["attention_factor"] = try metadata.optionalNumber(prefix + "attn_factor").map { .number($0) }
    return .object(scaling)
  }

  /// How a router's logits become scores; nil if the file does not say.
  private func expertScoring() throws -> JSON? {
    switch try metadata.optionalInteger("\(conversion.name).expert_gating_func") {
    case nil, 0: nil
    case 1: "softmax"
    case 2: "sigmoid"
    case let code?:
      throw ModelError.unsupported("the file's expert_gating_func \(code) is not supported")
    }
  }

  /// `sliding_window_pattern` may be a flag for each layer, which config.json calls `layer_types`.
  private func separateWindows(_ object: inout JSONObject) {
    guard case .array(let flags) = object["sliding_window_pattern"] else { return }
    object["sliding_window_pattern"] = nil
    object["layer_types"] = .array(flags.map { $0 == .bool(true) ? "sliding_attention" : "full_attention" })
  }

  /// Layers for multi-token prediction are the last of the file and not part of the decoder.
  private func withoutPredictionLayers(_ object: inout JSONObject) throws {
    guard let extra = try metadata.optionalInteger("\(conversion.name).nextn_predict_layers"), extra > 0,
      let layers = object["num_hidden_layers"]?.asInteger
    else { return }
    let count = max(layers - extra, 0)
    object["num_hidden_layers"] = .integer(count)
    for (key, value) in object {
      if let items = value.asArray, items.count == layers { object[key] = .array(Array(items.prefix(count))) }
    }
  }

  /// The numbers of a small float32 tensor.
  private func factors(_ name: String) throws -> JSON {
    let weight = try checkpoint.weight(name)
    guard weight.format == .float32, weight.shape.count == 1 else {
      throw ModelError.unsupported("\(name) is not a vector of float32 numbers")
    }
    return weight.values.withUnsafeBytes { bytes in
      .array(
        (0..<weight.columns).map { index in
          let bits = bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
          return .number(Double(Float(bitPattern: UInt32(littleEndian: bits))))
        })
    }
  }
}
