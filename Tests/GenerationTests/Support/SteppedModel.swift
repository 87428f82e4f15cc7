import Compute
import Dispatch
import Models

/// A model that computes a step only when it is told to, so that a test knows what happens between two steps.
final class SteppedModel: LanguageModel, @unchecked Sendable {
  private let model: any LanguageModel
  private let permits = DispatchSemaphore(value: 0)
  private let entering: AsyncStream<Void>.Continuation
  /// Says that a step waits for its permission.
  let steps: AsyncStream<Void>

  init(_ model: any LanguageModel) {
    self.model = model
    (steps, entering) = AsyncStream.makeStream()
  }

  var facts: ModelFacts { model.facts }

  func makeCaches() -> [any LayerCache] { model.makeCaches() }

  func forward(_ input: ForwardInput) throws -> Tensor {
    entering.yield()
    permits.wait()
    return try model.forward(input)
  }

  /// Waits until a step waits for its permission.
  func nextStep() async { for await _ in steps { return } }

  /// Lets steps go on, those to come as well.
  func permit(_ count: Int = 1) { for _ in 0..<count { permits.signal() } }
}
