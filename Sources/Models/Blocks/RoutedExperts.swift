import Compute

/// The feed-forward blocks of DeepSeek's models and of the many that follow them: gated blocks in the first layers, then
/// mixtures of many small experts in groups, chosen with a correction bias, with shared experts that process every token.
///
/// The families have different names for the same keys and tensors; this type reads all of them.
package struct RoutedExperts {
  package let experts: Int
  /// Without the correction bias, which each layer has of its own.
  package internal(set) var routing: RoutingSettings
  /// Inner columns of an expert.
  package let inner: Int
  /// Inner columns of the shared experts, which are one block; 0 for none.
  package internal(set) var sharedInner: Int
  /// Which layers have experts.
  package let isSparse: [Bool]
  /// Whether there is a correction bias; nil for one that is used if the checkpoint has it.
  var corrects: Bool?

  /// Reads the configuration.
  /// - Parameters:
  ///   - layers: the number of layers.
  ///   - sparse: which of them have experts; nil if the configuration says so under DeepSeek's keys.
  ///   - scoring: how logits become scores.
  ///   - scoringKey: the key that changes it; nil if the family has none.
  ///   - normalises: whether weights are divided by their sum, if the configuration does not say.
  ///   - normalisesOne: whether this is so for the weight of a single expert, which is then 1; nil for a family whose
  ///     implementations disagree.
  ///   - method: how experts are selected, if the configuration does not say.
  package init(
    _ configuration: ModelConfiguration, layers: Int, sparse: [Bool]? = nil,
    scoring: RoutingSettings.Scoring, scoringKey: String? = nil, normalises: Bool, normalisesOne: Bool? = nil,
    method: String = "noaux_tc"
  ) throws {
    let counts = try configuration.expertCounts()
    let method = try configuration.optionalString("topk_method") ?? method
    let score = try Self.groupScore(method)
    let groups: (all: Int, kept: Int) =
      try score.map {
        try configuration.expertGroups(experts: counts.all, chosen: counts.chosen, score: $0)
      } ?? (1, 1)
    var routing = RoutingSettings(
      count: counts.chosen, scoring: try configuration.scoring(scoring, key: scoringKey),
      normalises: try Self.normalises(
        configuration, chosen: counts.chosen, default: normalises, one: normalisesOne),
      scale: Float(try configuration.number("routed_scaling_factor", default: 1)), groups: groups.all,
      keptGroups: groups.kept)
    routing.groupScore = score ?? .twoBest
    self.routing = routing
    experts = counts.all
    inner = try configuration.integer("moe_intermediate_size", 1...1 << 24)
    let shared = try configuration.integer(
      configuration.present("n_shared_experts", "num_shared_experts", "moe_num_shared_experts"), 0...4096,
      default: 0)
    let width = try configuration.integer("moe_shared_expert_intermediate_size", 1...1 << 24, default: inner)
    sharedInner = shared * width
    corrects = method == "noaux_tc" && routing.scoring == .sigmoid ? true : nil
    isSparse = try sparse ?? Self.sparseLayers(configuration, count: layers)
  }

  /// Whether the weights of the chosen experts are divided by their sum.
  private static func normalises(
    _ configuration: ModelConfiguration, chosen: Int, default fallback: Bool, one: Bool?
  ) throws -> Bool {
    let key = configuration.present("norm_topk_prob", "moe_renormalize")
    let divides = try configuration.bool(key, default: fallback)
    guard divides, chosen == 1, try !configuration.bool("normalizes_single_expert", default: false) else {
      return divides
    }
    guard let one else {
      let count = configuration.present("num_experts_per_tok", "num_experts_per_token")
      throw ModelError.unsupported(
        "a single expert per token ('\(count)') with '\(key)': transformers divides its weight by itself, other "
          + "implementations do not")
    }
    return one
  }

  /// How groups are ranked by a `topk_method`; nil for a method without groups.
  private static func groupScore(_ method: String) throws -> RoutingSettings.GroupScore? {
    switch method {
    case "noaux_tc": .twoBest
    case "group_limited_greedy": .best
    case "greedy": nil
    default: throw ModelError.unsupported("the 'topk_method' '\(method)' is not supported")
    }
  }

  /// From `mlp_layer_types`, `is_moe_layer`, or `first_k_dense_replace` and `moe_layer_freq`.
  private static func sparseLayers(_ configuration: ModelConfiguration, count: Int) throws -> [Bool] {
    if let types = try configuration.strings("mlp_layer_types") {
      guard types.count == count, types.allSatisfy({ ["dense", "sparse"].contains($0) }) else {
        throw ModelError.wrongValue(
          key: "mlp_layer_types", expected: "dense or sparse for each of \(count) layers")
      }
      return types.map { $0 == "sparse" }
    }
    if let flags = try configuration.boolsPerLayer("is_moe_layer", count: count) { return flags }
    let dense = try configuration.integer("first_k_dense_replace", 0...4096, default: 0)
    let step = try configuration.integer("moe_layer_freq", 1...4096, default: 1)
    return (0..<count).map { $0 >= dense && $0 % step == 0 }
  }

  /// Loads the block of layer `index`.
  /// - Parameters:
  ///   - prefix: of the mixture's tensors.
  ///   - dense: the prefix of a gated block; nil if it is the same.
  ///   - index: a layer behind the last one, which predicts tokens, has experts.
  func block(
    _ prefix: String, dense: String? = nil, _ index: Int, _ shape: DecoderShape, _ activation: Activation,
    _ weights: ModelWeights
  ) throws -> any BlockBody {
    guard index >= isSparse.count || isSparse[index] else {
      return try GatedFeedForward(dense ?? prefix, shape, activation, weights)
    }
    return try mixture(prefix, shape, activation, weights)
  }

  /// Loads a mixture.
  /// - Parameter hasGates: whether experts have a gate beside the up projection.
  func mixture(
    _ prefix: String, _ shape: DecoderShape, _ activation: Activation, _ weights: ModelWeights,
    hasGates: Bool = true
  ) throws -> ExpertMixture {
    var routing = routing
    let names = Self.correctionNames.map { prefix + $0 }
    if corrects != false,
      let name = names.first(where: weights.contains) ?? (corrects == true ? names[0] : nil)
    {
      routing.correction = try weights.vector(name, experts)
    }
    var shared: SharedExpert?
    // The families have different defaults of their number.
    if sharedInner == 0, weights.contains(prefix + "shared_experts.gate_proj.weight") {
      throw ModelError.unsupported("shared experts whose number ('n_shared_experts') is missing or 0")
    }
    if sharedInner > 0 {
      shared = SharedExpert(
        feedForward: try GatedFeedForward(
          prefix + "shared_experts.", shape, activation, weights, inner: sharedInner),
        gate: nil)
    }
    return try ExpertMixture(
      // Some of mlx-lm's conversions have the router a level below.
      prefix, router: weights.contains(prefix + "gate.gate_proj.weight") ? "gate.gate_proj" : "gate", routing,
      experts: experts, inner: inner, shape, activation, weights, shared: shared,
      hasGates: hasGates)
  }

  /// The correction bias under the names of DeepSeek, of MiniMax and EXAONE, of Ling, of LFM2 and of ERNIE.
  private static let correctionNames = [
    "gate.e_score_correction_bias", "e_score_correction_bias", "gate.expert_bias",
    "expert_bias", "moe_statics.e_score_correction_bias",
  ]
}
