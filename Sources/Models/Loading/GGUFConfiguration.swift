import Checkpoints
import Compute

/// Brings a GGUF file's metadata into the keys of config.json, so that an architecture reads one kind of
/// configuration. What the file leaves unsaid is left out; the architecture knows its defaults.
struct GGUFConfiguration {
  private let metadata: GGUFMetadata
  private let checkpoint: Checkpoint
  private let architecture: String

  init(_ metadata: GGUFMetadata, _ checkpoint: Checkpoint) throws {
    self.metadata = metadata
    self.checkpoint = checkpoint
    architecture = try metadata.architecture()
  }

  /// GGUF keys (behind the architecture's name) and what config.json calls them.
  private static let integers = [
    ("block_count", "num_hidden_layers"),
    ("context_length", "max_position_embeddings"),
    ("embedding_length", "hidden_size"),
    ("feed_forward_length", "intermediate_size"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.key_length", "head_dim"),
    ("attention.sliding_window", "sliding_window"),
    ("expert_count", "num_local_experts"),
    ("expert_used_count", "num_experts_per_tok"),
  ]
  private static let numbers = [
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("rope.freq_base", "rope_theta"),
    ("attn_logit_softcapping", "attn_logit_softcapping"),
    ("final_logit_softcapping", "final_logit_softcapping"),
  ]

  /// An object with config.json's keys.
  func json() throws -> JSON {
    var object = JSONObject()
    object["model_type"] = .string(architecture)
    for (key, name) in Self.integers {
      if let value = try metadata.optionalInteger("\(architecture).\(key)") { object[name] = .integer(value) }
    }
    for (key, name) in Self.numbers {
      if let value = try metadata.optionalNumber("\(architecture).\(key)") { object[name] = .number(value) }
    }
    object["vocab_size"] = .integer(try checkpoint.weight("token_embd.weight").rows)
    object["tie_word_embeddings"] = .bool(!checkpoint.contains("output.weight"))
    object["rope_scaling"] = try ropeScaling()
    try addQuirks(&object)
    return .object(object)
  }

  /// The scaling of rotary frequencies, if any.
  ///
  /// GGUF has no key for YaRN's `truncate`, and llama.cpp always rounds the range outwards to whole pairs, as
  /// is also the default here. OpenAI's checkpoint says `truncate: false`: with its range (8.09 to 17.40 become
  /// 8 to 18) the same weights then answer slightly differently from GGUF. But a file means the same wherever
  /// it is run: Tests/Scripts/compare_gpt_oss.py finds 5e-6 standard deviations of the logits to llama.cpp.
  private func ropeScaling() throws -> JSON {
    if checkpoint.contains("rope_freqs.weight") {
      return ["rope_type": "factors", "factors": try factors("rope_freqs.weight")]
    }
    let prefix = "\(architecture).rope.scaling."
    guard let kind = try metadata.optionalString(prefix + "type"), kind != "none" else { return .null }
    var scaling = JSONObject()
    scaling["rope_type"] = .string(kind)
    for (key, name) in [
      ("factor", "factor"), ("original_context_length", "original_max_position_embeddings"),
      ("attn_factor", "attention_factor"), ("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow"),
    ] {
      if let value = try metadata.optionalNumber(prefix + key) { scaling[name] = .number(value) }
    }
    return .object(scaling)
  }

  /// The numbers of a small float32 tensor.
  private func factors(_ name: String) throws -> JSON {
    let weight = try checkpoint.weight(name)
    guard weight.format == .float32, weight.shape.count == 1 else {
      throw ModelError.unsupported("\(name) is not a list of float32 numbers")
    }
    return weight.values.withUnsafeBytes { bytes in
      .array(
        (0..<weight.columns).map { index in
          let bits = bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
          return .number(Double(Float(bitPattern: UInt32(littleEndian: bits))))
        })
    }
  }

  /// What a converter changed on the way, architecture by architecture.
  private func addQuirks(_ object: inout JSONObject) throws {
    switch architecture {
    case "llama":
      // The converter reorders the rows of q and k, so that rotated pairs are neighbours.
      object["rope_interleaved"] = true
    case "gpt-oss":
      object["model_type"] = "gpt_oss"
      object["intermediate_size"] = .integer(try metadata.integer("gpt-oss.expert_feed_forward_length"))
    case "mamba2":
      for (key, name) in [
        ("ssm.conv_kernel", "conv_kernel"), ("ssm.state_size", "state_size"),
        ("ssm.group_count", "n_groups"), ("ssm.time_step_rank", "num_heads"),
      ] {
        object[name] = .integer(try metadata.integer("mamba2." + key))
      }
      object["layer_norm_epsilon"] = object["rms_norm_eps"]
      if let heads = object["num_heads"]?.asInteger, heads > 0 {
        object["head_dim"] = .integer(try metadata.integer("mamba2.ssm.inner_size") / heads)
      }
    case "gemma3":
      // The converter adds 1 to the norms' weights, and knows the 27B model by its layers.
      object["norm_weights_include_one"] = true
      if object["num_hidden_layers"]?.asInteger == 62,
        let hidden = object["hidden_size"]?.asInteger, let heads = object["num_attention_heads"]?.asInteger,
        heads > 0
      {
        object["query_pre_attn_scalar"] = .integer(hidden / heads)
      }
    default: break
    }
  }
}
