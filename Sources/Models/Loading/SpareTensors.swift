/// The tensors of a checkpoint that a model has left aside, told apart by what they are.
package struct SpareTensors {
  /// Tensors of the model's layers and of other modules from which it has taken something: without them it would answer
  /// wrongly. In the checkpoint's order, as the others are.
  package private(set) var needed: [String] = []
  /// Tensors whose use is not known.
  package private(set) var unknown: [String] = []

  /// - Parameters:
  ///   - names: the names of all tensors.
  ///   - taken: the names of those that the model has taken; the ending ".weight" is optional.
  ///   - predictors: the numbers of the layers for multi-token prediction, by the configuration.
  ///   - changesNothing: whether a tensor named "bias" is a mask or has no effect.
  package init(
    _ names: [String], taken: Set<String>, predictors: Range<Int> = 0..<0,
    changesNothing: (String) -> Bool = { _ in false }
  ) {
    let rest = names.filter { name in
      !taken.contains(name) && !(name.hasSuffix(".weight") && taken.contains(String(name.dropLast(7))))
        && !Self.isHarmless(name) && !(name.hasSuffix(".bias") && changesNothing(name))
    }
    guard !rest.isEmpty else { return }
    // What precedes the layers in the names of the taken tensors, such as "model." or "language_model.model.".
    let roots = Set(taken.compactMap { Layer($0)?.root })
    let modules = Set(taken.compactMap(Self.module))
    let predicting = Set(names.filter(Self.isOfPredictor).compactMap { Layer($0) })
    for name in rest {
      if let layer = Layer(name), roots.contains(layer.root) {
        if !predicting.contains(layer), !predictors.contains(layer.number) { needed.append(name) }
      } else if let module = Self.module(name), modules.contains(module) {
        needed.append(name)
      } else {
        unknown.append(name)
      }
    }
  }

  /// A layer that a tensor belongs to.
  private struct Layer: Hashable {
    /// The part of the name up to "layers".
    let root: String
    let number: Int

    init?(_ name: String) {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      let index = parts.indices.dropLast().first {
        ["layers", "h", "blk"].contains(parts[$0]) && Int(parts[$0 + 1]) != nil
      }
      guard let index, let number = Int(parts[index + 1]) else { return nil }
      root = parts[...index].joined(separator: ".")
      self.number = number
    }
  }

  /// The module of a weight or a bias.
  private static func module(_ name: String) -> String? {
    for ending in [".weight", ".bias"] where name.hasSuffix(ending) {
      return String(name.dropLast(ending.count))
    }
    return nil
  }

  /// Whether a tensor marks a layer for multi-token prediction, which stands behind the others.
  private static func isOfPredictor(_ name: String) -> Bool {
    [".eh_proj.", ".enorm.", ".hnorm.", ".nextn.", ".shared_head."].contains(where: name.contains)
  }

  private static func isHarmless(_ name: String) -> Bool {
    let parts = name.split(separator: ".")
    return parts.contains { part in
      harmlessParts.contains(String(part)) || harmlessPrefixes.contains(where: part.hasPrefix)
    } || harmlessEndings.contains(where: name.hasSuffix)
      || parts.first.map { otherModels.contains(String($0)) } == true
  }

  /// Tables of rotary embeddings, heads that are tied or of other uses, and prediction layers with a place of their own.
  private static let harmlessParts: Set<String> = [
    "rotary_emb", "lm_head", "score", "classifier", "v_head", "value_head", "mtp", "connector",
    "packing_position_embedding", "embed_vision", "embed_audio",
  ]

  /// Encoders of multimodal models and their projectors, and ERNIE's prediction layers.
  private static let harmlessPrefixes = [
    "vision", "visual", "audio", "image", "speech", "multi_modal", "mm_", "mtp_",
  ]

  /// The encoders of a GGUF file that has all parts of a model, and the voices of Qwen's.
  private static let otherModels: Set<String> = ["v", "a", "mm", "talker", "token2wav", "code2wav"]

  /// Tables that are computed (of rotary embeddings, and of MiniMax's decays), masks, what quantisers leave behind, and the
  /// scales and limits of activations and of quantised caches.
  private static let harmlessEndings = [
    "inv_freq", "cos_cached", "sin_cached", "rope.freqs", "rope_freqs.weight", "attn_rot_embd",
    "rope_factors_long.weight", "rope_factors_short.weight", "slope_rate", "query_decay", "key_decay",
    "diagonal_decay", "masked_bias", "position_ids", ".g_idx", ".input_scale", ".input_scale_ub",
    ".output_scale", ".activation_scale", ".k_scale", ".v_scale", ".q_scale", ".kv_scale", ".prob_scale",
    ".input_min", ".input_max", ".output_min", ".output_max", "num_batches_tracked",
  ]
}
