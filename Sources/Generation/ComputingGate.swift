/// Lets one computation through at a time, in the order in which they came, on an actor that is free for other
/// things in between. It belongs to that actor.
final class ComputingGate {
  private struct Waiting {
    let isStopped: () -> Bool
    let continuation: UnsafeContinuation<Bool, Never>
  }

  private var isTaken = false
  private var waiting: [Waiting] = []

  /// Waits until nobody else is inside.
  /// - Parameter isStopped: whether the wait has become pointless; asked at each `dismissStopped()`.
  /// - Returns: whether the caller is inside and has to leave; false once it was stopped.
  nonisolated(nonsending) func enter(unless isStopped: @escaping () -> Bool = { false }) async -> Bool {
    guard isTaken else {
      isTaken = true
      return true
    }
    return await withUnsafeContinuation {
      waiting.append(Waiting(isStopped: isStopped, continuation: $0))
    }
  }

  /// Lets the next one in.
  func leave() {
    guard !waiting.isEmpty else {
      isTaken = false
      return
    }
    waiting.removeFirst().continuation.resume(returning: true)
  }

  /// Sends those away that were stopped while they waited; whoever is inside calls this now and then.
  func dismissStopped() {
    guard !waiting.isEmpty else { return }
    waiting = waiting.filter { one in
      let isStopped = one.isStopped()
      if isStopped { one.continuation.resume(returning: false) }
      return !isStopped
    }
  }
}
