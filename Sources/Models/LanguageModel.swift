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
}
