import Basics

extension Llama4 {
  /// How GGUF files store the model. They do not say which layers have position embeddings: in llama.cpp all but every
  /// fourth layer, as they do in models with chunks of 8192 positions. llama.cpp does not run files of models without chunks,
  /// which have a window of 0 (MobileLLM-R1).
  static let gguf = GGUFConversion(
    "llama4", tensors: GGUFConversion.feedForwardTensors,
    keys: [
      "interleave_moe_layer_step": "interleave_moe_layer_step", "attention.sliding_window": "window_in_file",
    ], export: rules,
    configure: { object in
      guard object["window_in_file"] != .integer(0) else {
        throw ModelError.unsupported(
          "GGUF files of Llama 4's models without chunks are not supported; use the original weights")
      }
      let count = object["num_hidden_layers"]?.asInteger ?? 1
      object["no_rope_layers"] = .array(rotates(count: max(1, count)).map { .integer($0 ? 1 : 0) })
      object["attn_temperature_tuning"] = true
      object["attention_chunk_size"] = .integer(8192)
    })

  /// Which layers have position embeddings in llama.cpp.
  private static func rotates(count: Int) -> [Bool] { (1...count).map { $0 % 4 != 0 } }

  /// llama.cpp refuses files without experts, so that the file says that there is one, which no layer has; the converter
  /// writes what the configuration says.
  private static let rules = GGUFExport.Rules(
    keys: ["vocab_size", "rope.dimension_count"],
    complete: { fields, configuration in
      try requireChunks(configuration)
      let width = try configuration.integer("intermediate_size", 1...1 << 24)
      try fields.set(
        "feed_forward_length",
        configuration.integer("intermediate_size_mlp", 1...1 << 24, default: width))
      try fields.set("expert_feed_forward_length", width)
      try fields.set("interleave_moe_layer_step", 0)
      try fields.set("expert_count", 1)
      try fields.set("expert_used_count", 1)
    })

  private static func requireChunks(_ configuration: ModelConfiguration) throws {
    try refuseExperts(configuration)
    try configuration.requireForGGUF("use_qk_norm", configuration.bool("use_qk_norm", default: true))
    let count = try configuration.integer("num_hidden_layers", 1...4096)
    try configuration.requireForGGUF(
      "no_rope_layers", rotates(configuration, count: count) == rotates(count: count))
    let chunk = try configuration.integer("attention_chunk_size", 1...Int.max, default: 8192)
    let context = try configuration.contextLength(default: 131_072)
    try configuration.requireForGGUF("attention_chunk_size", chunk == 8192 || context <= min(chunk, 8192))
    // Queries do not grow before the first step of their scale.
    let scale = try queryScale(configuration)
    let grows = scale.map { $0.length <= Double(context) } ?? false
    let isUsual = scale.map { $0.length == 8192 && abs($0.beta - 0.1) < 1e-6 } ?? false
    try configuration.requireForGGUF("attn_temperature_tuning", isUsual || !grows && context < 8192)
  }
}
