import Compute
import Generation
import Models
import Synchronization

/// A model that records its passes and fails on a certain token, after the first layer has advanced if there are several.
final class ObservedModel: LanguageModel, @unchecked Sendable {
  struct Failure: Error {}

  /// A pass: the number of rows of each sequence.
  typealias Pass = [Int]

  private let loaded: LoadedModel
  private let record = Mutex<[Pass]>([])
  private let bad: Int32?

  init(_ loaded: LoadedModel, failsOn bad: Int32? = nil) {
    self.loaded = loaded
    self.bad = bad
  }

  var passes: [Pass] { record.withLock { $0 } }
  var facts: ModelFacts { loaded.model.facts }
  func makeCaches() -> [any LayerCache] { loaded.model.makeCaches() }

  func forward(_ input: ForwardInput) throws -> Tensor {
    record.withLock { $0.append(input.counts) }
    guard let bad, loaded.backend.ids(input.tokens).contains(bad) else {
      return try loaded.model.forward(input)
    }
    var input = input
    var blocks = 0
    input.isInterrupted = { [loaded] in
      blocks += 1
      return blocks == min(2, loaded.model.facts.layerCount)
    }
    do { return try loaded.model.forward(input) } catch is Interrupted { throw Failure() }
  }
}
