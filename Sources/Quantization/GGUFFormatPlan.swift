import Basics

/// Chooses the formats of a file's tensors as llama.cpp's quantiser does (`llama_tensor_get_type_impl` in
/// src/llama-quant.cpp): more bits for the head, for the values of attention and for the down-projections of some layers.
package struct GGUFFormatPlan {
  private let target: GGUFTarget
  private let architecture: String
  private let experts: Int
  private let layers: Int
  private let hasHead: Bool
  /// The number of projections to values, and how many have been seen.
  private let valueCount: Int
  private var values = 0
  private var downs = 0

  /// - Parameter names: the names of all tensors of the file.
  init(_ target: GGUFTarget, _ names: [String], architecture: String, experts: Int, layers: Int) {
    self.target = target
    self.architecture = architecture
    self.experts = experts
    self.layers = layers
    hasHead = names.contains("output.weight")
    valueCount = names.count(where: Self.isValue)
  }

  /// The formats of tensors, in their order.
  package static func formats(
    _ tensors: [(name: String, shape: [Int])], _ target: GGUFTarget, architecture: String, experts: Int,
    layers: Int
  ) -> [WeightFormat] {
    var plan = GGUFFormatPlan(
      target, tensors.map(\.name), architecture: architecture, experts: experts, layers: layers)
    var formats = [WeightFormat](repeating: .float32, count: tensors.count)
    // llama.cpp counts the layers' tensors in this order.
    let order = tensors.indices.sorted {
      let (a, b) = (tensors[$0].name, tensors[$1].name)
      let (first, second) = (layer(a) ?? -1, layer(b) ?? -1)
      return first == second ? a < b : first < second
    }
    for index in order { formats[index] = plan.format(tensors[index].name, tensors[index].shape) }
    return formats
  }

  private mutating func format(_ name: String, _ shape: [Int]) -> WeightFormat {
    guard Self.isQuantized(name, shape), let columns = shape.last else { return .float32 }
    guard target.isQuantized else { return target.usual }
    // llama.cpp keeps these as they are in a file that nearly always has bfloat16.
    if Self.keepsFloats(name) { return .bfloat16 }
    let format = mixed(name, columns)
    if columns % format.blockColumns == 0 { return format }
    return columns % 32 == 0 ? .q8_0 : .float16
  }

  /// Whether the numbers of a tensor may have fewer than 32 bits.
  private static func isQuantized(_ name: String, _ shape: [Int]) -> Bool {
    // Trailing rows of 1 are no dimension of ggml's.
    guard shape.count >= 2, name.hasSuffix(".weight"), !name.hasSuffix("_norm.weight") else { return false }
    let small = [
      "ffn_gate_inp.weight", "ffn_gate_inp_shexp.weight", "ssm_conv1d", "shortconv.conv.weight",
      "position_embd.weight", "altup_correct_coef.weight", "altup_predict_coef.weight", "time_mix_w1.weight",
      "time_mix_w2.weight", "time_mix_lerp_fused.weight",
    ]
    return !small.contains(where: name.contains)
  }

  /// Whether a matrix is too small to be quantised.
  private static func keepsFloats(_ name: String) -> Bool {
    let parts = ["altup", "laurel", "per_layer_model_proj", "attn_rel_b"]
    let mixers = ["time_mix_v1", "time_mix_v2", "time_mix_a1", "time_mix_a2", "time_mix_g1", "time_mix_g2"]
    return (parts + mixers).contains(where: name.contains)
  }

  private static func isValue(_ name: String) -> Bool {
    ["attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight"].contains(where: name.hasSuffix)
  }

  private mutating func mixed(_ name: String, _ columns: Int) -> WeightFormat {
    let usual = target.usual
    let isEmbedding = ["token_embd.weight", "per_layer_token_embd.weight"].contains(name)
    if name == "output.weight" || (!hasHead && isEmbedding) {
      return usual == .q8_0 || columns % usual.blockColumns != 0 ? .q8_0 : .q6_K
    }
    if Self.isValue(name) {
      defer { values += 1 }
      if experts == 8 { return .q8_0 }
      var format = usual
      switch target.name {
      case "Q4_K_M", "Q5_K_M": format = Self.hasMoreBits(values, of: valueCount) ? .q6_K : usual
      case "Q4_K_S": format = values < 4 ? .q5_K : usual
      default: break
      }
      return isLarge && format == .q4_K ? .q5_K : format
    }
    if name.hasSuffix("attn_k.weight"), experts == 8 { return .q8_0 }
    if name.hasSuffix("attn_output.weight"), experts == 8, ["Q4_K_M", "Q4_K_S"].contains(target.name) {
      return .q5_K
    }
    if name.contains("ffn_down") {
      defer { downs += 1 }
      let index = experts > 1 ? Self.layer(name) ?? downs : downs
      switch target.name {
      case "Q4_K_M", "Q5_K_M": return Self.hasMoreBits(index, of: layers) ? .q6_K : usual
      case "Q4_K_S": return index < layers / 8 ? .q5_K : usual
      default: return usual
      }
    }
    return usual
  }

  /// The models with 80 layers, whose projections to values are small.
  private var isLarge: Bool { layers == 80 && ["llama", "qwen2"].contains(architecture) }

  /// The first and the last eighth of the layers, and every third between.
  private static func hasMoreBits(_ index: Int, of layers: Int) -> Bool {
    index < layers / 8 || index >= 7 * layers / 8 || (index - layers / 8) % 3 == 2
  }

  private static func layer(_ name: String) -> Int? {
    let parts = name.split(separator: ".")
    return parts.count > 2 && parts[0] == "blk" ? Int(parts[1]) : nil
  }
}
