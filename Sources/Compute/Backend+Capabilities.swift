// What only some backends can do. A backend adopts the protocols of what it can; callers ask with `as?` and do without
// where it lacks one.

/// A backend whose operations are computed when they return, so that a forward pass can be interrupted between two of
/// them. An asynchronous backend has been handed a whole pass before its first layer is computed, and lacks this.
public protocol InterruptibleBackend: Backend {}

/// A backend that keeps freed memory for reuse and can return it to the system.
public protocol MemoryReleasingBackend: Backend {
  /// Returns memory that no tensor holds to the system.
  func releaseUnusedMemory()
}

/// A backend that can allocate memory before it is needed.
public protocol MemoryPreparingBackend: Backend {
  /// Allocates the memory that will be written to when a sequence with such caches continues from a fork.
  /// - Parameter isInterrupted: polled every few megabytes; the rest is left when it returns true.
  func prepare(for caches: [any LayerCache], isInterrupted: () -> Bool)
}
