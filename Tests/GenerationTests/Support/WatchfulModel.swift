import Compute
import Models
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A model whose passes end only when they are interrupted, until it is let go: so a test sees whether somebody hears
/// a stop. It counts how often it asked.
final class WatchfulModel: LanguageModel, @unchecked Sendable {
  private let model: any LanguageModel
  private let questions = Atomic<Int>(0)
  private let isFree = Atomic<Bool>(false)
  private let interrupted = Atomic<Int>(0)

  init(_ model: any LanguageModel) { self.model = model }

  /// Passes that were interrupted.
  var interruptions: Int { interrupted.load(ordering: .sequentiallyConsistent) }

  var facts: ModelFacts { model.facts }

  func makeCaches() -> [any LayerCache] { model.makeCaches() }

  func forward(_ input: ForwardInput) throws -> Tensor {
    while !isFree.load(ordering: .sequentiallyConsistent) {
      let isInterrupted = input.isInterrupted?() == true
      questions.add(1, ordering: .sequentiallyConsistent)
      if isInterrupted {
        interrupted.add(1, ordering: .sequentiallyConsistent)
        // It asks at its first layer.
        break
      }
      usleep(500)
    }
    return try model.forward(input)
  }

  /// Returns when a pass has asked, from now on, whether it is interrupted.
  func nextQuestion() async throws {
    let before = questions.load(ordering: .sequentiallyConsistent)
    // Two: the first may have been answered before this was called.
    while questions.load(ordering: .sequentiallyConsistent) < before + 2 {
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// Returns when a pass was interrupted.
  func nextInterruption() async throws {
    while interruptions == 0 { try await Task.sleep(for: .milliseconds(1)) }
  }

  /// Passes are computed from now on.
  func letGo() { isFree.store(true, ordering: .sequentiallyConsistent) }
}
