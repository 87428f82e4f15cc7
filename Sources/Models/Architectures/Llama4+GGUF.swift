import Basics

extension Llama4 {
  /// How GGUF files store the model. They do not say which layers have position embeddings: in llama.cpp, those of a model
  /// with chunks of 8192 positions are all but every fourth layer, and those of a model without chunks, which has a window
  /// of 0, are all but the last layer.
  static let gguf = GGUFConversion(
    "llama4", tensors: GGUFConversion.feedForwardTensors,
    keys: [
      "interleave_moe_layer_step": "interleave_moe_layer_step", "attention.sliding_window": "chunk_in_file",
    ], export: rules,
    configure: { object in
      let count = max(1, object["num_hidden_layers"]?.asInteger ?? 1)
      let hasChunks = object["chunk_in_file"] != .integer(0)
      object["no_rope_layers"] = .array(
        rotates(count: count, hasChunks: hasChunks).map { .integer($0 ? 1 : 0) })
      object["attn_temperature_tuning"] = .bool(hasChunks)
      object["attention_chunk_size"] = hasChunks ? .integer(8192) : object["max_position_embeddings"]
    })

  private static func rotates(count: Int, hasChunks: Bool) -> [Bool] {
    (1...count).map { $0 % (hasChunks ? 4 : count) != 0 }
  }

  /// llama.cpp refuses files without experts, so that the file says that there is one, which no layer has; the converter
  /// writes what the configuration says.
  private static let rules = GGUFExport.Rules(
    keys: ["vocab_size", "rope.dimension_count"],
    complete: { fields, configuration in
      try refuseExperts(configuration)
      let width = try configuration.integer("intermediate_size", 1...1 << 24)
      try fields.set(
        "feed_forward_length",
        configuration.integer("intermediate_size_mlp", 1...1 << 24, default: width))
      try fields.set("expert_feed_forward_length", width)
      try fields.set("interleave_moe_layer_step", 0)
      try fields.set("expert_count", 1)
      try fields.set("expert_used_count", 1)
      if try !hasChunks(configuration) { try fields.set("attention.sliding_window", 0) }
    })

  /// Whether the model is one with chunks in llama.cpp.
  /// - Throws: `ModelError` if it is neither kind of model.
  private static func hasChunks(_ configuration: ModelConfiguration) throws -> Bool {
    try configuration.requireForGGUF(
      "use_qk_norm", configuration.bool("use_qk_norm", default: true))
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    let rotates = try rotates(configuration, count: count)
    let chunk = try configuration.integer("attention_chunk_size", 1...Int.max, default: 8192)
    let context = try configuration.contextLength(default: 131_072)
    let hasChunks =
      rotates == Self.rotates(count: count, hasChunks: true) && (chunk == 8192 || context <= 8192)
    if !hasChunks {
      try configuration.requireForGGUF(
        "no_rope_layers", rotates == Self.rotates(count: count, hasChunks: false))
      try configuration.requireForGGUF("attention_chunk_size", chunk >= context)
    }
    // Queries do not grow before the first step of their scale.
    let scale = try queryScale(configuration)
    let grows = scale.map { $0.length <= Double(context) } ?? false
    let isUsual = scale.map { $0.length == 8192 && abs($0.beta - 0.1) < 1e-6 } ?? false
    try configuration.requireForGGUF(
      "attn_temperature_tuning", hasChunks ? isUsual || !grows && context <= 8192 : !grows)
    return hasChunks
  }
}
