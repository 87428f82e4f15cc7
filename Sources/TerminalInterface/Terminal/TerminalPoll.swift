#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Waits for terminal input or a wake-up, and reads terminal input.
package enum TerminalPoll {
  /// The reasons for the end of a wait.
  package struct Ready: Equatable {
    package var input = false
    package var wake = false
    /// The terminal was closed.
    package var hangup = false
  }

  /// Waits for input or a wake-up; a negative `milliseconds` waits without a limit. A signal also ends the wait. With
  /// `ignoresWakes`, wake-ups are consumed when the wait has ended for another reason.
  package static func wait(pipe: WakePipe, milliseconds: Int, ignoresWakes: Bool = false) -> Ready {
    var descriptors = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0),
    ]
    let count = poll(&descriptors, ignoresWakes ? 1 : 2, Int32(clamping: milliseconds))
    if ignoresWakes { pipe.drain() }
    var ready = Ready()
    guard count > 0 else { return ready }
    let keyboard = Int32(descriptors[0].revents)
    ready.input = keyboard & POLLIN != 0
    ready.hangup = keyboard & (POLLHUP | POLLERR | POLLNVAL) != 0 && !ready.input
    ready.wake = descriptors[1].revents != 0
    if ready.wake { pipe.drain() }
    return ready
  }

  /// The available bytes, at most 64 KiB; nil at the end of the input.
  package static func read() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 65536)
    #if canImport(Glibc)
      let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
    #elseif canImport(Musl)
      let count = Musl.read(STDIN_FILENO, &bytes, bytes.count)
    #else
      let count = Darwin.read(STDIN_FILENO, &bytes, bytes.count)
    #endif
    if count > 0 { return Array(bytes[..<count]) }
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return [] }
    return nil
  }

  /// Seconds of processor time of the calling thread.
  package static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Seconds on the monotonic clock.
  package static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
