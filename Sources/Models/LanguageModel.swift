import Compute

/// A decoder that turns token ids into logits. One owner uses it; it holds no state of any sequence.
///
/// The work of a forward pass grows with its tokens; logits cost extra only for the rows asked for.
public protocol LanguageModel: AnyObject {
  /// What the outside needs to know of the shape.
  var facts: ModelFacts { get }
  /// Empty caches for a new sequence, in the order of the blocks that need them.
  func makeCaches() -> [any LayerCache]
  /// Runs `input` through all layers and appends it to its sequences' caches. The sequences' lengths go forward when
  /// all has succeeded; a pass that throws leaves them, and the caches are then settled or thrown away.
  /// - Returns: logits [number of `input.outputs`, vocabulary].
  func forward(_ input: ForwardInput) throws -> Tensor
}

/// A model's shape, as far as others need it.
public struct ModelFacts: Sendable {
  /// `model_type` as config.json names it.
  public var architecture: String
  /// Columns of the logits.
  public var vocabularyCount: Int
  /// Positions that the model was made for.
  public var contextLength: Int
  /// Layers.
  public var layerCount: Int
  /// What a token costs.
  public var work: TokenWork

  /// Facts with these values.
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
