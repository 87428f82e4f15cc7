import Basics
import Quantization
import Testing

/// The formats of layers against llama.cpp's rules (`llama_tensor_get_type_impl`), worked out by hand;
/// Tests/Scripts/compare_quantize.py compares whole files.
@Suite struct GGUFFormatPlanTests {
  private static let parts = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]

  private func formats(
    _ target: String, layers: Int, experts: Int = 0, hasHead: Bool = true, columns: Int = 256,
    attends: (Int) -> Bool = { _ in true }
  ) throws -> [String: WeightFormat] {
    var tensors: [(name: String, shape: [Int])] = [
      ("token_embd.weight", [64, columns]), ("per_layer_token_embd.weight", [64, columns]),
      ("output_norm.weight", [columns]),
    ]
    if hasHead { tensors.append(("output.weight", [64, columns])) }
    for layer in 0..<layers {
      tensors.append(("blk.\(layer).attn_norm.weight", [columns]))
      for part in Self.parts where attends(layer) || !part.hasPrefix("attn") {
        let isExpert = experts > 0 && part.hasPrefix("ffn")
        let name = "blk.\(layer).\(part)\(isExpert ? "_exps" : "").weight"
        tensors.append((name, isExpert ? [experts, 64, columns] : [64, columns]))
      }
      if experts > 0 { tensors.append(("blk.\(layer).ffn_gate_inp.weight", [experts, columns])) }
    }
    let found = GGUFFormatPlan.formats(
      tensors, try GGUFTarget(name: target), architecture: "llama", experts: experts, layers: layers)
    return Dictionary(uniqueKeysWithValues: zip(tensors.map(\.name), found))
  }

  private func layers(_ part: String, _ format: WeightFormat, in formats: [String: WeightFormat]) -> [Int] {
    (0..<100).filter { formats["blk.\($0).\(part).weight"] == format }
  }

  /// The first and the last eighth and every third layer between have more bits.
  @Test func denseLayers() throws {
    let found = try formats("Q4_K_M", layers: 16)
    for part in ["attn_v", "ffn_down"] {
      #expect(layers(part, .q6_K, in: found) == [0, 1, 4, 7, 10, 13, 14, 15])
      #expect(layers(part, .q4_K, in: found) == [2, 3, 5, 6, 8, 9, 11, 12])
    }
    #expect(layers("attn_output", .q4_K, in: found).count == 16)
    #expect(found["output.weight"] == .q6_K && found["token_embd.weight"] == .q4_K)
    #expect(found["output_norm.weight"] == .float32 && found["blk.0.attn_norm.weight"] == .float32)
    #expect(try formats("Q4_K_M", layers: 2, hasHead: false)["token_embd.weight"] == .q6_K)
    // The embeddings of layers (Gemma 3n and 4) have the format of the other one.
    #expect(found["per_layer_token_embd.weight"] == .q4_K)
    #expect(try formats("Q4_K_M", layers: 2, hasHead: false)["per_layer_token_embd.weight"] == .q6_K)
    let small = try formats("Q4_K_S", layers: 16)
    #expect(layers("attn_v", .q5_K, in: small) == [0, 1, 2, 3])
    #expect(layers("ffn_down", .q5_K, in: small) == [0, 1])
    #expect(layers("attn_v", .q6_K, in: try formats("Q5_K_M", layers: 10)) == [0, 3, 6, 8, 9])
  }

  @Test func eightExperts() throws {
    let found = try formats("Q4_K_M", layers: 8, experts: 8)
    #expect(layers("attn_v", .q8_0, in: found).count == 8 && layers("attn_k", .q8_0, in: found).count == 8)
    #expect(layers("attn_output", .q5_K, in: found).count == 8)
    #expect(layers("ffn_down_exps", .q6_K, in: found) == [0, 3, 6, 7])
    #expect(layers("ffn_gate_inp", .float32, in: found).count == 8)
    #expect(layers("attn_output", .q4_K, in: try formats("Q4_K_M", layers: 8, experts: 4)).count == 8)
  }

  /// In a hybrid model only layers with attention are counted.
  @Test func layersWithoutAttention() throws {
    let found = try formats("Q4_K_M", layers: 16) { $0 % 4 == 3 }
    #expect(layers("attn_v", .q6_K, in: found) == [11, 15])
    #expect(layers("ffn_down", .q6_K, in: found) == [0, 1, 4, 7, 10, 13, 14, 15])
  }

  @Test func rowsThatFitNoSuperBlock() throws {
    let found = try formats("Q4_K_M", layers: 4, columns: 96)
    #expect(layers("attn_q", .q8_0, in: found).count == 4 && found["output.weight"] == .q8_0)
    #expect(layers("attn_q", .float16, in: try formats("Q8_0", layers: 4, columns: 24)).count == 4)
  }
}
