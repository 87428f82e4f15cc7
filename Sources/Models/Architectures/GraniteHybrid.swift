import Basics
import Compute

/// Granite 4 (ibm-granite/granite-4.0-h-tiny): Granite's layers, in most of which a Mamba-2 mixer takes the place of
/// attention, without position embeddings in the published models. Every layer has a shared feed-forward block and, in
/// the larger models, a mixture of experts.
enum GraniteHybrid {
  static let architecture = Architecture(
    "granitemoehybrid",
    gguf: GGUFConversion(
      "granitehybrid",
      tensors: GGUFConversion.stateSpaceTensors("mamba").merging(Granite.ggufTensors) { $1 },
      keys: Granite.ggufKeys.merging(GGUFConversion.hybridStateSpaceKeys) { $1 }
        .merging(["rope.scaling.finetuned": "rope_finetuned"]) { $1 }, export: rules, configure: configure,
      restore: GGUFConversion.restoringDecay),
    mlx: MLXConversion(
      eightBits: ["router.layer"], divides: Granite.mlxParts, change: { try withoutExperts($0, $1) }),
    shapes: SyntheticShape.graniteHybrid
  ) { configuration, weights in
    let shape = try DecoderShape(configuration)
    try configuration.requireSiLU()
    if let name = try configuration.optionalString("normalization_function"), name != "rmsnorm" {
      throw ModelError.unsupported("the 'normalization_function' '\(name)' is not supported")
    }
    let attends = try attentionLayers(configuration, count: shape.layers)
    let inner = try configuration.integer("mamba_expand", 1...64, default: 2) * shape.hidden
    let hasExperts = try configuration.integer("num_local_experts", 0...65536, default: 0) > 0
    let experts = hasExperts ? try configuration.expertCounts() : nil
    if !hasExperts, weights.contains("model.layers.0.block_sparse_moe.router.layer.weight") {
      throw ModelError.missingKey("num_local_experts")
    }

    var decoder = try Granite.decoder(configuration)
    let rotates = try rotates(configuration)
    decoder.rotates = Array(repeating: rotates, count: shape.layers)
    decoder.mixer = { prefix, index in
      if attends[index] { return nil }
      return try StateSpaceMixer(
        prefix + "mamba.", configuration.stateSpaceShape(.hybrid, inner: inner),
        epsilon: shape.epsilon, weights)
    }
    decoder.feedForward = { prefix, _, shape, activation in
      if let experts {
        return try Granite.mixture(prefix, experts, configuration, shape, activation, weights)
      }
      // mlx-lm's conversions split the shared block of models without experts.
      let isSplit = weights.contains(prefix + "mlp.gate_proj.weight")
      return try GatedFeedForward(
        prefix + (isSplit ? "mlp." : "shared_mlp."), shape, activation, weights,
        inner: configuration.integer("shared_intermediate_size", 1...1 << 24),
        names: isSplit ? ("gate_up_proj", "down_proj") : ("input_linear", "output_linear"))
    }
    return try decoder.model(configuration, weights)
  }

  /// Without experts the shared block is the feed-forward block.
  private static func withoutExperts(
    _ tensor: ConvertedTensor, _ configuration: ModelConfiguration
  ) throws -> [ConvertedTensor] {
    guard try configuration.integer("num_local_experts", 0...65536, default: 0) == 0 else { return [tensor] }
    let fused = "shared_mlp.input_linear.weight"
    if tensor.name.hasSuffix(fused) {
      let prefix = tensor.name.dropLast(fused.count)
      return try tensor.divided([prefix + "mlp.gate_proj.weight", prefix + "mlp.up_proj.weight"])
    }
    return [tensor.named(tensor.name.replacing("shared_mlp.output_linear", with: "mlp.down_proj"))]
  }

  private static let rules: GGUFExport.Rules = {
    var rules = Granite.rules
    rules.change = { tensor, configuration in
      let groups = try configuration.integer("mamba_n_groups", 1...65536, default: 1)
      return try withoutExperts(tensor.stateSpace(groups: groups), configuration)
    }
    rules.complete = { fields, configuration in
      try Granite.rules.complete(&fields, configuration)
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let attends = try attentionLayers(configuration, count: count)
      guard attends.contains(false) else {
        throw ModelError.unsupported("GGUF files of a model without mixers have another architecture")
      }
      try configuration.requireForGGUF("position_embedding_type", !rotates(configuration))
      try fields.setKeyValueHeads(configuration, attends: attends)
      let hidden = try configuration.integer("hidden_size", 1...1 << 20)
      try fields.set("ssm.inner_size", configuration.integer("mamba_expand", 1...64, default: 2) * hidden)
      fields["rope.scaling.finetuned"] = .bool(false)
      try fields.set("context_length", 1 << 20)
    }
    return rules
  }()

  private static func configure(_ object: inout JSONObject) {
    GGUFConversion.interleavedRotary(&object)
    GGUFConversion.layerTypes(&object, other: "mamba")
    // The key says whether there are position embeddings.
    object["position_embedding_type"] = object["rope_finetuned"] == .bool(false) ? "nope" : "rope"
    GGUFConversion.quotient("mamba_expand", of: "ssm_inner_size", by: "hidden_size", &object)
    object["shared_intermediate_size"] = object["shared_intermediate_size"] ?? object["intermediate_size"]
  }

  private static func attentionLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    let key = configuration.present("layer_types", "layers_block_type")
    guard let types = try configuration.strings(key) else { throw ModelError.missingKey(key) }
    let attention = ["attention", "full_attention"]
    guard types.count == count,
      types.allSatisfy({ (attention + ["mamba", "linear_attention"]).contains($0) })
    else {
      throw ModelError.wrongValue(key: key, expected: "attention or mamba for each of \(count) layers")
    }
    return types.map(attention.contains)
  }

  private static func rotates(_ configuration: ModelConfiguration) throws -> Bool {
    switch try configuration.optionalString("position_embedding_type") {
    case "rope": true
    case "nope", nil: false
    case let name?: throw ModelError.unsupported("the 'position_embedding_type' '\(name)' is not supported")
    }
  }
}
