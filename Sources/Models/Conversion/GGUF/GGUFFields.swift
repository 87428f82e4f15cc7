import Basics
import Checkpoints

/// The metadata of an architecture in the order in which it was set, under keys without the architecture's name.
struct GGUFFields {
  private(set) var all: [(key: String, value: GGUFField)] = []

  /// A value; nil removes the key.
  subscript(key: String) -> GGUFField? {
    get { all.first { $0.key == key }?.value }
    set {
      let index = all.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): all[index].value = value
      case (let index?, nil): all.remove(at: index)
      case (nil, let value?): all.append((key, value))
      case (nil, nil): break
      }
    }
  }

  /// Removes keys.
  mutating func remove(_ keys: String...) { for key in keys { self[key] = nil } }

  /// Sets an integer.
  /// - Throws: `ModelError` if it is negative or has more than 32 bits.
  mutating func set(_ key: String, _ value: Int) throws {
    guard let bits = UInt32(exactly: value) else {
      throw ModelError.outOfRange(key: key, value: Double(value), allowed: "an unsigned integer of 32 bits")
    }
    self[key] = .integer(bits)
  }

  /// Sets a number.
  mutating func set(_ key: String, _ value: Double) { self[key] = .number(Float(value)) }

  /// Sets the value that the configuration has under the first of `names`, if it has one: an integer, a flag or a number
  /// as the key demands, or a list of integers.
  mutating func set(_ key: String, from configuration: ModelConfiguration, _ names: [String]) throws {
    guard let name = names.first(where: configuration.has) else { return }
    if Self.isFlag(key) {
      self[key] = .bool(try configuration.bool(name, default: false))
    } else if Self.isNumber(key) {
      set(key, try configuration.number(name))
    } else if let list = try configuration.integers(name, 0...1 << 31 - 1) {
      self[key] = .integers(list.map { Int32($0) })
    } else {
      try set(key, configuration.integer(name, 0...1 << 31 - 1))
    }
  }

  private static func isFlag(_ key: String) -> Bool {
    ["expert_weights_norm", "rope.scaling.finetuned", "ssm.dt_b_c_rms", "use_parallel_residual"].contains(key)
  }

  private static func isNumber(_ key: String) -> Bool {
    let words = ["scale", "softcapping", "epsilon", "freq_base", "factor", "multiplier"]
    return words.contains { key.contains($0) }
  }
}

extension GGUFFields {
  /// What nearly every architecture has, by the names that config.json may have it under.
  private static let usual: [(key: String, names: [String])] = [
    ("block_count", ["num_hidden_layers", "n_layer"]),
    ("context_length", ["max_position_embeddings", "n_ctx", "n_positions", "model_max_length"]),
    ("embedding_length", ["hidden_size", "n_embd"]),
    ("feed_forward_length", ["intermediate_size", "n_inner"]),
    ("attention.head_count", ["num_attention_heads", "n_head"]),
    ("attention.head_count_kv", ["num_key_value_heads"]),
    ("attention.layer_norm_rms_epsilon", ["rms_norm_eps", "norm_eps"]),
    ("attention.layer_norm_epsilon", ["layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"]),
    ("expert_count", ["num_local_experts", "num_experts", "n_routed_experts"]),
    ("expert_used_count", ["num_experts_per_tok", "num_experts_per_token", "top_k_experts"]),
    ("expert_group_count", ["n_group"]), ("expert_group_used_count", ["topk_group"]),
    ("attention.key_length", ["head_dim"]), ("attention.value_length", ["head_dim"]),
  ]

  /// Other names of keys that only some architectures write.
  private static let aliases = [
    "expert_shared_count": ["n_shared_experts", "num_shared_experts"],
    "leading_dense_block_count": ["first_k_dense_replace", "first_last_k_dense_replace", "num_dense_layers"],
  ]

  /// The metadata of a model without what is particular to its architecture.
  /// - Parameters:
  ///   - keys: keys of `GGUFConfiguration.common` that the architecture has beyond the usual ones.
  ///   - own: the architecture's own keys and their names in config.json.
  init(
    _ configuration: ModelConfiguration, keys: [String], own: [String: String], _ rotary: GGUFRotary
  ) throws {
    for (key, names) in Self.usual { try set(key, from: configuration, names) }
    for field in rotary.fields { self[field.key] = field.value }
    let scoring = configuration.present(
      "score_function", "scoring_func", "moe_router_activation_func")
    switch try configuration.optionalString(scoring) {
    case "softmax"?: self["expert_gating_func"] = .integer(1)
    case "sigmoid"?: self["expert_gating_func"] = .integer(2)
    default: break
    }
    for key in keys {
      switch key {
      case "rope.dimension_count": try set(key, rotary.dimensions)
      case "vocab_size": try set(key, configuration.integer("vocab_size", 1...1 << 24))
      default:
        let names = Self.aliases[key] ?? [GGUFConfiguration.common[key] ?? key]
        try set(key, from: configuration, names)
      }
    }
    for key in own.keys.sorted() { try set(key, from: configuration, [own[key] ?? key]) }
  }
}

extension GGUFFields {
  /// Sets the sliding window and which layers have it.
  /// - Parameter slides: whether a layer has a window, if the configuration does not decide.
  mutating func setWindows(_ configuration: ModelConfiguration, slides: (Int) -> Bool) throws {
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let windows = try configuration.windows(count: count, slides: slides)
    guard configuration.has("sliding_window") else { return }
    try set("attention.sliding_window", from: configuration, ["sliding_window"])
    self["attention.sliding_window_pattern"] = .bools(windows.map { $0 != nil })
  }

  /// Sets the key-value heads of each layer, 0 for one without attention.
  mutating func setKeyValueHeads(_ configuration: ModelConfiguration, attends: [Bool]) throws {
    let all = try configuration.integer("num_attention_heads", 1...65536)
    let heads = try configuration.integer("num_key_value_heads", 1...all, default: all)
    self["attention.head_count_kv"] = .integers(attends.map { $0 ? Int32(heads) : 0 })
  }

  /// Removes the base of the rotary embedding if it is llama.cpp's default: the converter leaves it out for some
  /// architectures, whatever it is.
  mutating func removeUsualBase() {
    if self["rope.freq_base"] == .number(10000) { remove("rope.freq_base") }
  }

  /// Sets what a model without attention has instead of its keys.
  mutating func setRecurrentOnly(_ configuration: ModelConfiguration) throws {
    remove(
      "attention.layer_norm_epsilon", "attention.key_length", "attention.value_length",
      "attention.head_count_kv", "rope.freq_base")
    // A recurrent state has no maximum length; the converter's value is arbitrary.
    try set("context_length", 1 << 20)
    try set("feed_forward_length", 0)
    try set("attention.head_count", 0)
    let key = configuration.present("layer_norm_epsilon", "rms_norm_eps")
    set("attention.layer_norm_rms_epsilon", try configuration.number(key, default: 1e-5))
  }
}

extension ModelConfiguration {
  /// Throws if a setting is not the one that llama.cpp has for the architecture: its files have no key for it, or
  /// llama.cpp does not use it.
  func requireForGGUF(_ key: String, _ holds: Bool) throws {
    guard holds else {
      throw ModelError.unsupported(
        "GGUF files of this architecture have no key for '\(key)' that llama.cpp uses")
    }
  }

  /// Requires a sliding window in the layers in which llama.cpp has one.
  /// - Parameters:
  ///   - fallback: the window if the configuration has none.
  ///   - slides: whether a layer has a window in llama.cpp.
  ///   - unless: the same if the configuration does not say.
  func requireWindowsForGGUF(
    default fallback: Int? = nil, _ slides: (Int) -> Bool, unless: ((Int) -> Bool)? = nil
  ) throws {
    let count = try integer("num_hidden_layers", 1...4096)
    let windows = try windows(count: count, default: fallback) { unless?($0) ?? slides($0) }
    try requireForGGUF("layer_types", windows.indices.allSatisfy { (windows[$0] != nil) == slides($0) })
  }
}
