#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Threads outside of the cooperative pool, for work that blocks or takes long. Each has a stack of 8 MiB.
package enum OwnThread {
  private static let stackBytes = 8 << 20

  /// Starts a detached thread that runs `work`.
  /// - Returns: whether the thread was created.
  package static func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    let box = Unmanaged.passRetained(ThreadWork(work))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let status = pthread_create(&thread, &attributes, { runThread($0) }, box.toOpaque())
    if status != 0 { box.release() }
    return status == 0
  }

  /// Runs work on a new thread and awaits its result without blocking the calling thread. If no thread can be created,
  /// the work runs on the calling one.
  package static func run<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
      let resume: @Sendable () -> Void = {
        continuation.resume(returning: Result { () throws(Failure) in try work() })
      }
      if !start(resume) { resume() }
    }
    return try result.get()
  }
}

private final class ThreadWork: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let argument { Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue().run() }
  return nil
}
