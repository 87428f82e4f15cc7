import Basics
import Compute
import Models
import Testing

/// The keys of mixtures of experts under the names of different families.
struct RoutedExpertsTests {
  private static let common = #""moe_intermediate_size": 40"#

  private func read(_ keys: String, layers: Int = 4) throws -> RoutedExperts {
    let json = try JSON(parsing: "{\(Self.common), \(keys)}")
    return try RoutedExperts(ModelConfiguration(json), layers: layers, scoring: .sigmoid, normalises: true)
  }

  @Test func deepSeekKeys() throws {
    let experts = try read(
      #"""
      "n_routed_experts": 8, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "n_shared_experts": 2,
      "norm_topk_prob": false, "routed_scaling_factor": 2.5, "scoring_func": "sigmoid",
      "topk_method": "group_limited_greedy", "first_k_dense_replace": 1, "moe_layer_freq": 2
      """#)
    #expect(experts.experts == 8 && experts.inner == 40 && experts.sharedInner == 80)
    #expect(experts.isSparse == [false, false, true, false])
    let routing = experts.routing
    #expect(
      routing.count == 3 && routing.groups == 4 && routing.keptGroups == 2 && routing.groupScore == .best)
    #expect(!routing.normalises && routing.scale == 2.5 && routing.scoring == .sigmoid)
  }

  @Test func keysOfOtherFamilies() throws {
    let kimi = try read(
      #"""
      "num_experts": 8, "num_experts_per_token": 2, "num_expert_group": 2, "topk_group": 1,
      "moe_renormalize": true, "moe_router_activation_func": "sigmoid", "num_shared_experts": 1
      """#)
    #expect(kimi.routing.count == 2 && kimi.routing.groups == 2 && kimi.routing.keptGroups == 1)
    #expect(kimi.routing.normalises && kimi.routing.scoring == .sigmoid && kimi.sharedInner == 40)
    #expect(kimi.isSparse == [true, true, true, true])
    let ernie = try read(#""moe_num_experts": 64, "moe_k": 6, "moe_num_shared_experts": 0"#)
    #expect(ernie.experts == 64 && ernie.routing.count == 6 && ernie.sharedInner == 0)
    let exaone = try read(
      #""num_experts": 4, "num_experts_per_tok": 2, "mlp_layer_types": ["dense", "sparse", "dense", "sparse"]"#
    )
    #expect(exaone.isSparse == [false, true, false, true])
  }

  @Test func greedySelectionHasNoGroups() throws {
    let greedy = try read(
      #""n_routed_experts": 8, "num_experts_per_tok": 2, "n_group": 4, "topk_group": 2, "topk_method": "greedy""#
    )
    #expect(greedy.routing.groups == 1 && greedy.routing.normalises)
  }

  /// The weight of a single expert is kept, divided by itself, or refused where implementations disagree. GGUF files are
  /// as in llama.cpp, which divides.
  @Test func singleExperts() throws {
    func normalises(_ one: Bool?, gguf: Bool = false, divides: Bool = true) throws -> Bool {
      let json = try JSON(
        parsing: """
          {\(Self.common), "n_routed_experts": 8, "num_experts_per_tok": 1, "norm_topk_prob": \(divides),
          "normalizes_single_expert": \(gguf)}
          """)
      return try RoutedExperts(
        ModelConfiguration(json), layers: 4, scoring: .sigmoid, normalises: true, normalisesOne: one
      ).routing.normalises
    }
    #expect(try normalises(true) && !normalises(false))
    #expect(throws: ModelError.self) { try normalises(nil) }
    for one in [true, false, nil] {
      #expect(try normalises(one, gguf: true))
      #expect(try !normalises(one, divides: false))
    }
  }

  /// A family has one way to score, or a key that says it; no other key may contradict. The key of GGUF files says it in
  /// any family.
  @Test func scoring() throws {
    func scoring(_ keys: String, key: String? = nil) throws -> RoutingSettings.Scoring {
      try ModelConfiguration(JSON(parsing: "{\(keys)}")).scoring(.sigmoid, key: key)
    }
    #expect(try scoring("") == .sigmoid)
    #expect(try scoring(#""scoring_func": "noaux_tc""#) == .sigmoid)
    #expect(try scoring(#""score_function": "softmax""#, key: "score_function") == .softmax)
    #expect(try scoring(#""expert_gating_func": "softmax""#) == .softmax)
    for keys in [#""scoring_func": "softmax""#, #""score_function": "softmax""#, #""scoring_func": "tanh""#] {
      #expect(throws: ModelError.self) { try scoring(keys) }
      #expect(throws: ModelError.self) { try scoring(keys, key: "moe_router_activation_func") }
    }
  }

  @Test(arguments: [
    #""num_experts_per_tok": 2"#,
    #""n_routed_experts": 8, "num_experts_per_tok": 9"#,
    #""n_routed_experts": 8, "num_experts_per_tok": 2, "n_group": 3"#,
    #""n_routed_experts": 8, "num_experts_per_tok": 2, "n_group": 8, "topk_group": 2"#,
    #""n_routed_experts": 8, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 1"#,
    #""n_routed_experts": 8, "num_experts_per_tok": 3, "scoring_func": "tanh""#,
    #""n_routed_experts": 8, "num_experts_per_tok": 3, "topk_method": "expert_choice""#,
    #""n_routed_experts": 8, "num_experts_per_tok": 3, "mlp_layer_types": ["dense"]"#,
    #""n_routed_experts": 8, "num_experts_per_tok": 3, "is_moe_layer": [true, false]"#,
  ])
  func impossibleConfigurationsAreRefused(_ keys: String) {
    #expect(throws: ModelError.self) { try read(keys) }
  }
}
