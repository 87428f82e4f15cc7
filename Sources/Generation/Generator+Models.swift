import Basics
import Compute
import Foundation
import Models

/// The models in memory.
extension Generator {
  /// Loads a model under `key` unless it is resident. If the budget requires it, the least recently used models are
  /// unloaded, but none that is computing; their caches stay. Running computations continue meanwhile.
  /// - Throws: what `make` throws; nothing has changed then.
  public nonisolated func load(
    _ key: String, _ make: @escaping @Sendable () throws -> sending LoadedModel
  ) async throws -> ModelFacts {
    if let known = models.withLock({ $0.use(key) }) { return known.facts }
    let model = try await OwnThread.run { ResidentModel(try make()) }
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard model.bytes <= memory else {
      throw GenerationError.modelTooLarge(bytes: model.bytes, memory: memory)
    }
    if makeRoom(for: model.bytes) { model.loaded.releaseUnusedMemory() }
    defer { roomChanges.notify() }
    return models.withLock { $0.insert(key, model, bytes: model.bytes) }.facts
  }

  /// - Returns: whether models were unloaded.
  private nonisolated func makeRoom(for bytes: Int) -> Bool {
    !models.withLock { $0.makeRoom(for: bytes) }.isEmpty
  }

  /// Whether a model is resident. If so, it counts as used now.
  public nonisolated func use(_ key: String) -> Bool { models.withLock { $0.use(key) } != nil }

  /// Keeps a model resident, now or once it is loaded, until `endHold`. A generation has a hold of its own.
  public nonisolated func hold(_ key: String) { models.withLock { $0.hold(key) } }

  /// Ends a hold.
  public func endHold(_ key: String) { release(key) }

  /// Waits until a model fits into the budget beside those that compute, so that they take turns. Otherwise the weights
  /// of all would have to be read again and again.
  /// - Parameters:
  ///   - cancellation: ends the wait.
  ///   - waiting: called before the first wait.
  /// - Returns: false if the wait was cancelled.
  public nonisolated func waitForRoom(
    for key: String, bytes: Int, _ cancellation: CancellationFlag, waiting: @Sendable () -> Void
  ) async -> Bool {
    // One change that arrives before the wait is remembered; several are one.
    let (changes, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number = roomChanges.add(signal)
    defer { roomChanges.remove(number) }
    cancellation.notify { signal.yield() }
    var next = changes.makeAsyncIterator()
    var isFirst = true
    while !models.withLock({ $0.hasRoom(for: key, bytes: bytes) }) {
      if cancellation.isCancelled { return false }
      if isFirst { waiting() }
      isFirst = false
      // The stream ends if the task is cancelled.
      guard await next.next() != nil else { return false }
    }
    return true
  }

  /// Whether a resident model has caches that can't always be truncated, so that prompts should contain the
  /// boundaries of messages.
  public nonisolated func needsSnapshots(_ key: String) -> Bool {
    models.withLock { $0.peek(key) }.map { !$0.keepsEveryPosition } ?? false
  }

  /// What may be wrong with a resident model's files, in one line; nil if nothing is known. Does not count as a use.
  public nonisolated func warning(about key: String) -> String? {
    models.withLock { $0.peek(key) }?.warning
  }

  /// The keys of the resident models.
  public nonisolated var residentKeys: [String] { models.withLock { $0.keys } }

  /// A resident model. Does not count as a use.
  func model(_ key: String) -> LoadedModel? { models.withLock { $0.peek(key) }?.loaded }
}
