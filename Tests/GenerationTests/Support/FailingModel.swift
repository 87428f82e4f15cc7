import Compute
import Models

/// A model whose next pass fails at a layer, after the layers before it have advanced.
final class FailingModel: LanguageModel {
  struct Failure: Error {}

  private let model: any LanguageModel
  /// The layer; nil for none.
  var failsAtLayer: Int?
  /// The number of passes that succeed before the failing one.
  var passesBefore = 0

  init(_ model: any LanguageModel) { self.model = model }

  var facts: ModelFacts { model.facts }
  func makeCaches() -> [any LayerCache] { model.makeCaches() }

  func forward(_ input: ForwardInput) throws -> Tensor {
    guard let layer = failsAtLayer else { return try model.forward(input) }
    guard passesBefore == 0 else {
      passesBefore -= 1
      return try model.forward(input)
    }
    failsAtLayer = nil
    var input = input
    var seen = -1
    input.isInterrupted = {
      seen += 1
      return seen == layer
    }
    do { return try model.forward(input) } catch is Interrupted { throw Failure() }
  }
}
