import Compute
import Dispatch
import Models

/// A model that computes a step only when permitted, to test what happens between steps.
final class SteppedModel: LanguageModel, @unchecked Sendable {
  private let model: any LanguageModel
  private let permits = DispatchSemaphore(value: 0)
  private let entering: AsyncStream<Void>.Continuation
  /// Signals that a step waits for permission.
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

  /// Waits until a step waits for permission.
  func nextStep() async { for await _ in steps { return } }

  /// Permits further steps.
  func permit(_ count: Int = 1) { for _ in 0..<count { permits.signal() } }
}
