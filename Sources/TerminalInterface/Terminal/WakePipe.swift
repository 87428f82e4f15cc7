#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A pipe that ends a poll from another thread or a signal handler. One byte per wake-up; neither end blocks.
package struct WakePipe: Sendable {
  package let reading: Int32
  package let writing: Int32

  /// Nil when no file descriptors are available.
  package init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    reading = ends[0]
    writing = ends[1]
  }

  /// Ends the current or the next poll.
  package func wake() {
    var byte: UInt8 = 1
    _ = write(writing, &byte, 1)
  }

  /// Consumes all wake-ups, so that the next poll waits.
  package func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(reading, &bytes, bytes.count) > 0 {}
  }

  package func close() {
    #if canImport(Glibc)
      Glibc.close(reading)
      Glibc.close(writing)
    #elseif canImport(Musl)
      Musl.close(reading)
      Musl.close(writing)
    #else
      Darwin.close(reading)
      Darwin.close(writing)
    #endif
  }
}
