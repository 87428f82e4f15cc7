import Compute
import Dispatch
import Generation
import Models
import Synchronization
import Testing

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

  /// Loads a model under the key `a` that computes steps when permitted.
  static func load(_ tiny: TinyModels, in generator: Generator) async throws -> SteppedModel {
    let made = Mutex<SteppedModel?>(nil)
    _ = try await generator.load("a") {
      let loaded = try tiny.load()
      let stepped = SteppedModel(loaded.model)
      made.withLock { $0 = stepped }
      return LoadedModel(model: stepped, tokenizer: nil, backend: loaded.backend, bytes: loaded.bytes)
    }
    return try #require(made.withLock { $0 })
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
