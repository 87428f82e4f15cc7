import Foundation

/// Phi-3, Phi-3.5 and Phi-4 (arXiv:2404.14219, 2412.08905, 2503.01743): Llama's layers with fused projections, rotary
/// embeddings on a part of a head, and LongRoPE.
enum Phi3 {
  static let architecture = Architecture(
    "phi3",
    gguf: GGUFConversion("phi3", tensors: ["mlp.gate_up_proj": "ffn_up"], export: rules) {
      // llama.cpp ignores the window: its files do not say which layers have one.
      $0["sliding_window"] = nil
    }, mlx: .plain
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.partialRotaryTable(headSize: shape.headSize)
    let windows = try configuration.windows(count: shape.layers) { _ in true }
    return try PreNormDecoder(windows: windows, rotary: rotary).model(configuration, weights)
  }

  /// Also of the mixtures of experts. A window of 0 tells Phi-4 from the others. LongRoPE's factor on the scores is in the file.
  static let rules = GGUFExport.Rules(
    keys: ["rope.dimension_count", "attention.sliding_window"],
    complete: {
      fields, configuration in
      fields.remove("rope.scaling.type", "attention.key_length", "attention.value_length")
      if fields["attention.sliding_window"] == nil { try fields.set("attention.sliding_window", 0) }
      let settings = try configuration.object("rope_parameters") ?? configuration.object("rope_scaling")
      let key = "original_max_position_embeddings"
      let length = try configuration.integer(
        key, 1...1 << 30, default: settings?.integer(key, 1...1 << 30, default: 4096) ?? 4096)
      try fields.set("rope.scaling.original_context_length", length)
      guard let settings, settings.has("long_factor") else { return }
      let scale = Double(try configuration.contextLength(default: length)) / Double(length)
      // Phi-3.5-MoE has factors of its own, which llama.cpp's converter leaves out.
      let stated =
        try settings.optionalNumber(scale > 1 ? "long_mscale" : "short_mscale")
        ?? settings.optionalNumber("attention_factor")
      fields.set(
        "rope.scaling.attn_factor",
        stated ?? (scale > 1 ? (1 + log(scale) / log(Double(length))).squareRoot() : 1))
    })
}
