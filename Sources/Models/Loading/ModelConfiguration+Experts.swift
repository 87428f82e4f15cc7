import Compute

// The keys of mixtures of experts.
extension ModelConfiguration {
  /// The number of experts, and how many of them a token uses.
  func expertCounts() throws -> (all: Int, chosen: Int) {
    let all = try integer(
      present("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"), 1...65536)
    return (
      all, try integer(present("num_experts_per_tok", "num_experts_per_token", "moe_k"), 1...all)
    )
  }

  /// How the router's logits become scores. Most families have one way, whatever their configuration says; GGUF files say
  /// it in every family.
  /// - Parameters:
  ///   - usual: the family's way.
  ///   - key: the key that changes it; nil if there is none.
  /// - Throws: `ModelError.unsupported` for a key that asks for another way.
  package func scoring(_ usual: RoutingSettings.Scoring, key: String? = nil) throws -> RoutingSettings.Scoring
  {
    if let stated = try statedScoring("expert_gating_func") { return stated }
    let scoring = try key.flatMap(statedScoring) ?? usual
    for other in ["scoring_func", "score_function", "moe_router_activation_func"] {
      if let stated = try statedScoring(other), stated != scoring {
        throw ModelError.unsupported("the '\(other)' '\(stated)' is not supported by this architecture")
      }
    }
    return scoring
  }

  private func statedScoring(_ key: String) throws -> RoutingSettings.Scoring? {
    switch try optionalString(key) {
    case nil: nil
    case "softmax": .softmax
    // dots.llm1 names the method of selection here.
    case "sigmoid", "noaux_tc": .sigmoid
    case let name?: throw ModelError.unsupported("the '\(key)' '\(name)' is not supported")
    }
  }

  /// The first of `keys` that the configuration has, or the first one.
  func present(_ keys: String...) -> String { keys.first(where: has) ?? keys[0] }

  /// Which of `count` layers have a mixture of experts: every `decoder_sparse_step`-th that is not in `mlp_only_layers`
  /// (Qwen).
  package func sparseLayers(count: Int) throws -> [Bool] {
    let dense = try integers("mlp_only_layers", 0...65536) ?? []
    let step = try integer("decoder_sparse_step", 1...4096, default: 1)
    let key = has("num_experts") ? "num_experts" : "num_local_experts"
    let experts = try integer(key, 0...65536, default: 0)
    return (0..<count).map { experts > 0 && ($0 + 1) % step == 0 && !dense.contains($0) }
  }

  /// The groups of `experts` experts and how many of them take part (`n_group`, `topk_group`), checked against the
  /// number of chosen experts.
  package func expertGroups(
    experts: Int, chosen: Int, score: RoutingSettings.GroupScore = .twoBest
  ) throws -> (all: Int, kept: Int) {
    let key = present("n_group", "num_expert_group")
    let groups = try integer(key, 1...experts, default: 1)
    // The families have different defaults.
    let kept = try groups == 1 ? 1 : integer("topk_group", 1...groups)
    guard experts % groups == 0, groups == 1 || score == .best || experts / groups >= 2 else {
      throw ModelError.wrongValue(
        key: key, expected: "a divisor of \(experts) experts that leaves two or more in a group")
    }
    guard chosen <= experts / groups * kept else {
      throw ModelError.wrongValue(key: "topk_group", expected: "enough groups for \(chosen) experts")
    }
    return (groups, kept)
  }

  /// Throws `ModelError.unsupported` if a boolean key exists and is not `value`.
  func require(_ key: String, _ value: Bool) throws {
    guard try bool(key, default: value) == value else {
      throw ModelError.unsupported("'\(key)': \(!value) is not supported by this architecture")
    }
  }
}
