import Compute
import Foundation
import Models
import Tokenization

/// A model in memory: its layers and its tokenizer. Made on the generator's thread.
public struct LoadedModel {
  /// The layers.
  public let model: any LanguageModel
  /// The tokenizer of the same file.
  public let tokenizer: Tokenizer
  /// The backend that computes it.
  public let backend: any Backend

  /// A model with its tokenizer and the backend that holds its parameters.
  public init(model: any LanguageModel, tokenizer: Tokenizer, backend: any Backend) {
    self.model = model
    self.tokenizer = tokenizer
    self.backend = backend
  }
}

/// The one place where models compute: an actor on a thread of its own.
///
/// It keeps each resident model's sequence, so that a conversation's next turn reads only what is new.
public actor Generator {
  private let thread = GenerationThread()
  private var residents: [String: Resident] = [:]

  private final class Resident {
    let loaded: LoadedModel
    var sequence: Sequence?
    init(_ loaded: LoadedModel) { self.loaded = loaded }
  }

  /// A generator without models, on a new thread.
  public init() {}

  /// The actor's thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  // Models

  /// Makes a model resident under `key`; one that already is stays as it is.
  public func load(_ key: String, _ make: @Sendable () throws -> LoadedModel) throws -> ModelFacts {
    if let resident = residents[key] { return resident.loaded.model.facts }
    let loaded = try make()
    residents[key] = Resident(loaded)
    return loaded.model.facts
  }

  /// Whether a model is in memory.
  public func isResident(_ key: String) -> Bool { residents[key] != nil }

  // Generation

  /// Generates with a resident model. The stream ends with `done` or `failed`; giving it up cancels.
  public nonisolated func generate(
    _ key: String, _ request: GenerationRequest, cancellation: CancellationFlag = CancellationFlag()
  ) -> AsyncStream<GenerationEvent> {
    let (stream, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
    continuation.onTermination = { _ in cancellation.cancel() }
    let started = ContinuousClock.now
    Task {
      await run(key, request, cancellation, started) { continuation.yield($0) }
      continuation.finish()
    }
    return stream
  }

  private func run(
    _ key: String, _ request: GenerationRequest, _ cancellation: CancellationFlag,
    _ started: ContinuousClock.Instant, _ emit: (GenerationEvent) -> Void
  ) {
    guard let resident = residents[key] else {
      emit(.failed("the model is not loaded"))
      return
    }
    do {
      let sequence = resident.sequence ?? Sequence(SequenceState(layers: resident.loaded.model.makeCaches()))
      // A sequence whose pass failed halfway is not trusted again: it is put back only when it is whole.
      resident.sequence = nil
      var run = GenerationRun(
        loaded: resident.loaded, sequence: sequence, request: request, cancellation: cancellation,
        started: started)
      let statistics = try run.run(emit)
      resident.sequence = run.sequence
      emit(.done(statistics))
    } catch {
      emit(.failed("\(error)"))
    }
  }
}
