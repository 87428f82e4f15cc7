import Compute
import Models
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A model whose passes end only when interrupted, until it is released, to test that a stop is noticed. Counts how
/// often it polled.
final class WatchfulModel: LanguageModel, @unchecked Sendable {
  private let model: any LanguageModel
  private let questions = Atomic<Int>(0)
  private let isFree = Atomic<Bool>(false)
  private let interrupted = Atomic<Int>(0)

  init(_ model: any LanguageModel) { self.model = model }

  /// The number of interrupted passes.
  var interruptions: Int { interrupted.load(ordering: .sequentiallyConsistent) }

  var facts: ModelFacts { model.facts }

  func makeCaches() -> [any LayerCache] { model.makeCaches() }

  func forward(_ input: ForwardInput) throws -> Tensor {
    while !isFree.load(ordering: .sequentiallyConsistent) {
      let isInterrupted = input.isInterrupted?() == true
      questions.add(1, ordering: .sequentiallyConsistent)
      if isInterrupted {
        interrupted.add(1, ordering: .sequentiallyConsistent)
        // It polls at its first layer.
        break
      }
      usleep(500)
    }
    return try model.forward(input)
  }

  /// Returns after a pass has polled for interruption.
  func nextQuestion() async throws {
    let before = questions.load(ordering: .sequentiallyConsistent)
    // Twice: the first poll may have been answered before this call.
    while questions.load(ordering: .sequentiallyConsistent) < before + 2 {
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// Returns after a pass was interrupted.
  func nextInterruption() async throws {
    while interruptions == 0 { try await Task.sleep(for: .milliseconds(1)) }
  }

  /// Releases all further passes.
  func release() { isFree.store(true, ordering: .sequentiallyConsistent) }
}
