import Basics
import Checkpoints

/// What mlx-lm's converter does to the weights of an architecture, beyond the rules that hold for all of them (`MLXTensor`).
struct MLXConversion: Sendable {
  /// Endings of the names of layers that always have 8 bits in groups of 64: routers, mostly.
  var eightBits: [String] = []
  /// Their settings in config.json.
  var eightBitSettings: JSON = ["group_size": 64, "bits": 8]
  /// Endings of the names of layers that stay as they are.
  var unquantized: [String] = []
  /// Parts of the names of tensors whose type stays as it is.
  var keepsType: [String] = []
  /// Parts of the names of tensors that are left out.
  var omits: [String] = ["rotary_emb.inv_freq", "activation_scale"]
  /// Whether a tensor is left out for another reason.
  var leavesOut: @Sendable (_ name: String, _ configuration: ModelConfiguration) throws -> Bool = { _, _ in
    false
  }
  /// New names of layers that are no experts.
  var renames: [String: String] = [:]
  /// New names of the experts' layers in a stack, where they change.
  var experts: [String: String] = Self.mixtralNames
  /// Names of layers, without the endings, whose rows are divided, and the names of their parts.
  var divides: [String: [String]] = [:]
  /// Of a model that is part of multimodal ones: the name of a tensor in the MLX version, or nil for one that is left out,
  /// such as those of a vision tower. Nil where the MLX version of multimodal models is not known.
  var part: (@Sendable (_ name: String) -> String?)?
  /// The multimodal models that mlx-lm has; empty if it has all of which the model is part.
  var wholes: [String] = []
  /// Whether mlx-lm has the model only as part of a multimodal one.
  var isOnlyPart = false
  /// Whether a checkpoint's weights are those of an unquantised conversion, so that `change` was made already.
  var isConverted: @Sendable (_ checkpoint: Checkpoint) -> Bool = { _ in false }
  /// Changes a tensor in other ways; experts are stacked before.
  var change:
    @Sendable (_ tensor: ConvertedTensor, _ configuration: ModelConfiguration) throws -> [ConvertedTensor] = {
      tensor, _ in [tensor]
    }

  /// Of the layers of gated blocks as Mixtral has them.
  static let mixtralNames = ["w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"]

  /// The name of a tensor whose model is "model.language_model" or "language_model.model" in a checkpoint, in an MLX version
  /// that has the second; nil for other parts.
  static func languageModel(_ name: String) -> String? {
    let prefix = "model.language_model."
    if name.hasPrefix(prefix) { return "language_model.model." + name.dropFirst(prefix.count) }
    if name.hasPrefix("language_model.") { return name }
    return name.hasPrefix("lm_head.") ? "language_model." + name : nil
  }

  /// No changes beyond the common ones.
  static let plain = MLXConversion()

  /// A router, `ending`, in 8 bits.
  static func router(_ ending: String...) -> MLXConversion { MLXConversion(eightBits: ending) }

  /// A router that is no layer, and its bias, which keeps its type.
  static let fixedRouter = MLXConversion(unquantized: ["mlp.gate"], keepsType: ["e_score_correction_bias"])
}
