import Basics
import Compute
import Foundation

/// The report of `sotto bench`.
struct BenchReport {
  let name: String
  let threads: Int
  let measurement: SpeedMeasurement
  /// The peak resident memory of this process before the measurement of the limits, in bytes.
  let peakMemory: Int
  let limits: MachineLimits

  private var promptRate: Double {
    let time = median(measurement.promptTimes)
    return time > 0 ? Double(measurement.prompt) / time : 0
  }
  private var generationRate: Double {
    let time = median(measurement.generationTimes)
    return time > 0 ? Double(measurement.generate) / time : 0
  }
  /// Tokens per second with the other sampling settings; nil without them.
  private var alternativeRate: Double? {
    let time = median(measurement.alternativeTimes)
    return time > 0 ? Double(measurement.generate) / time : nil
  }
  private var work: (operations: Double, bytes: Double) {
    let work = measurement.model.facts.work
    return (2 * work.promptMultiplyAdds, work.generationBytes)
  }
  private var peakShare: Double { promptRate * work.operations / limits.integerOperationsPerSecond }
  private var bandwidthShare: Double { generationRate * work.bytes / limits.bytesPerSecond }

  func json() -> JSON {
    let members: JSON = [
      "model": .string(name),
      "threads": .integer(threads),
      "cached": .integer(measurement.cached),
      "prompt": .integer(measurement.prompt),
      "generate": .integer(measurement.generate),
      "repeat": .integer(measurement.promptTimes.count),
      "prompt_tps": .number(promptRate),
      "generation_tps": .number(generationRate),
      "ttft_ms": .number(median(measurement.promptTimes) * 1000),
      "peak_rss_bytes": .integer(peakMemory),
      "int8_peak_gops": .number(limits.integerOperationsPerSecond / 1e9),
      "bandwidth_gb_per_s": .number(limits.bytesPerSecond / 1e9),
      "prompt_int8_peak_share": .number(peakShare),
      "generation_bandwidth_share": .number(bandwidthShare),
    ]
    guard let alternativeRate, case .object(var object) = members else { return members }
    object["sampled_generation_tps"] = .number(alternativeRate)
    return .object(object)
  }

  func table() -> String {
    func row(_ name: String, _ value: Double, _ format: String) -> String {
      name.padding(toLength: 34, withPad: " ", startingAt: 0) + String(format: format, value) + "\n"
    }
    let context = measurement.cached > 0 ? " after \(measurement.cached)" : ""
    return "\(name), \(threads) threads, medians of \(measurement.promptTimes.count)\n"
      + row("prompt of \(measurement.prompt)\(context)", promptRate, "%10.1f tokens/s")
      + row("  share of 8-bit integer peak", peakShare * 100, "%10.1f %%")
      + row("time to first token", median(measurement.promptTimes) * 1000, "%10.1f ms")
      + row("generation of \(measurement.generate)", generationRate, "%10.1f tokens/s")
      + (alternativeRate.map {
        row("generation of \(measurement.generate), sampled", $0, "%10.1f tokens/s")
          + row("  share of the greedy speed", $0 / generationRate * 100, "%10.1f %%")
      } ?? "")
      + row("  share of memory bandwidth", bandwidthShare * 100, "%10.1f %%")
      + row("peak resident memory", Double(peakMemory) / 1e6, "%10.1f MB")
      + row("machine: 8-bit integer peak", limits.integerOperationsPerSecond / 1e9, "%10.1f GOP/s")
      + row("machine: memory bandwidth", limits.bytesPerSecond / 1e9, "%10.1f GB/s")
  }
}

/// The peak resident memory of this process in bytes.
func peakResidentMemory() -> Int {
  var usage = rusage()
  #if os(Linux)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  #else
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
  #endif
}
