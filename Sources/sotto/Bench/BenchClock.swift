import Foundation

/// The clock of a measurement.
enum BenchClock {
  case elapsed
  /// The processor's time for this process, of all threads together, which other processes affect little. Comparable to
  /// elapsed time with one thread only.
  case processor

  /// The time in seconds.
  var seconds: Double {
    var time = timespec()
    clock_gettime(self == .processor ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
