import Compute

/// A language model: computes logits from token ids. It holds no state of any sequence and has a single owner.
///
/// The cost of a forward pass grows with its tokens; only requested rows have the cost of logits.
public protocol LanguageModel: AnyObject {
  /// The properties that callers need.
  var facts: ModelFacts { get }
  /// Empty caches for a new sequence, in the order of the blocks that need them.
  func makeCaches() -> [any LayerCache]
  /// Runs `input` through all layers and appends it to its sequences' caches. The sequences' lengths advance only if the
  /// whole pass succeeds. After a pass that throws, the caller rolls the sequences back or discards them.
  /// - Returns: logits [number of `input.outputs`, vocabulary].
  func forward(_ input: ForwardInput) throws -> Tensor
}

/// Properties of a model that callers need.
public struct ModelFacts: Sendable {
  /// The `model_type` of config.json.
  public var architecture: String
  /// Columns of the logits.
  public var vocabularyCount: Int
  /// The context length in positions.
  public var contextLength: Int
  /// The number of layers.
  public var layerCount: Int
  /// The work per token on weights.
  public var work: TokenWork
  /// Multiply-adds per prompt token for each earlier position that it attends to, in layers that attend to all.
  public var attentionMultiplyAdds = 0.0

  /// Properties with these values.
  public init(
    architecture: String, vocabularyCount: Int, contextLength: Int, layerCount: Int, work: TokenWork
  ) {
    self.architecture = architecture
    self.vocabularyCount = vocabularyCount
    self.contextLength = contextLength
    self.layerCount = layerCount
    self.work = work
  }

  /// The cost of attending to one earlier position, as a fraction of a prompt token's cost without attention.
  public var attentionShare: Double {
    // A multiply-add of attention takes 1.25 (SmolLM2 135M) to 1.45 (Llama 3.2 1B) times as long as one with weights.
    work.promptMultiplyAdds > 0 ? 1.3 * attentionMultiplyAdds / work.promptMultiplyAdds : 0
  }
}
