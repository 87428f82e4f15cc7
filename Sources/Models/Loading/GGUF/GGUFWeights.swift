import Basics
import Checkpoints
import Compute

/// A GGUF file's tensors under the names of the public checkpoints.
///
/// `model.layers.3.self_attn.q_proj.weight` is `blk.3.attn_q.weight`: the part after the layer's number is looked up in
/// the architecture's table, then in the common one.
struct GGUFWeights: WeightSource {
  /// The file's tensors under their own names.
  let source: any WeightSource
  let conversion: GGUFConversion

  func contains(_ name: String) -> Bool { source.contains(fileName(name)) }

  func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
    try conversion.restore(name, source.storedWeight(fileName(name), shape: shape))
  }

  func skip(_ name: String) { source.skip(fileName(name)) }

  private static let common = [
    "model.embed_tokens": "token_embd", "backbone.embeddings": "token_embd",
    "model.norm": "output_norm", "backbone.norm_f": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.qkv_proj": "attn_qkv",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "mlp.gate": "ffn_gate_inp",
    "mlp.experts.gate_proj": "ffn_gate_exps",
    "mlp.experts.up_proj": "ffn_up_exps",
    "mlp.experts.down_proj": "ffn_down_exps",
    "mlp.gate.e_score_correction_bias": "exp_probs_b.bias",
    "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
    "mlp.shared_experts.up_proj": "ffn_up_shexp",
    "mlp.shared_experts.down_proj": "ffn_down_shexp",
    "enorm": "nextn.enorm",
    "hnorm": "nextn.hnorm",
    "eh_proj": "nextn.eh_proj",
    "shared_head.norm": "nextn.shared_head_norm",
    "block_sparse_moe.gate": "ffn_gate_inp",
    "block_sparse_moe.e_score_correction_bias": "exp_probs_b.bias",
    "block_sparse_moe.experts.gate_proj": "ffn_gate_exps",
    "block_sparse_moe.experts.up_proj": "ffn_up_exps",
    "block_sparse_moe.experts.down_proj": "ffn_down_exps",
  ]

  /// The file's name of a tensor; a name that is in no table is returned unchanged.
  func fileName(_ name: String) -> String {
    let ending = [".weight", ".bias"].first { name.hasSuffix($0) } ?? ""
    let stem = name.dropLast(ending.count)
    if let found = translated(String(stem)) { return found + ending }
    let parts = stem.split(separator: ".", omittingEmptySubsequences: false)
    guard let index = parts.firstIndex(where: { Int($0) != nil }) else { return name }
    var rest = Array(parts[(index + 1)...])
    // Numbered layers of other kinds than experts have names of their own (RWKV-7).
    if let whole = conversion.tensors[rest.joined(separator: ".") + ending] {
      return "blk.\(parts[index]).\(whole)"
    }
    var expert: Substring?
    if let number = rest.firstIndex(where: { Int($0) != nil }) {
      expert = rest[number]
      rest[number] = "#"
    }
    let inLayer = rest.joined(separator: ".")
    // A few of the converter's names have no ending.
    if !ending.isEmpty, let whole = conversion.tensors[inLayer + ending] {
      return "blk.\(parts[index]).\(whole)"
    }
    guard let found = translated(inLayer) else { return name }
    let numbered = expert.map { found.replacing("#", with: $0) } ?? found
    return "blk.\(parts[index]).\(numbered)\(ending)"
  }

  private func translated(_ stem: String) -> String? { conversion.tensors[stem] ?? Self.common[stem] }
}
