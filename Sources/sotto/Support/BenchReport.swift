import Basics
import Compute
import Foundation

/// The report of `sotto bench`.
struct BenchReport {
  let name: String
  let threads: Int
  /// The GPU's name; nil for the processor.
  let device: String?
  let measurement: SpeedMeasurement
  /// The peak resident memory of this process before the measurement of the limits, in bytes.
  let peakMemory: Int
  /// The processor's limits; nil on a GPU.
  let limits: MachineLimits?

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
  private func peakShare(_ limits: MachineLimits) -> Double {
    promptRate * work.operations / limits.integerOperationsPerSecond
  }
  private func bandwidthShare(_ limits: MachineLimits) -> Double {
    generationRate * work.bytes / limits.bytesPerSecond
  }

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
    ]
    guard case .object(var object) = members else { return members }
    if let device { object["device"] = .string(device) }
    if let limits {
      object["int8_peak_gops"] = .number(limits.integerOperationsPerSecond / 1e9)
      object["bandwidth_gb_per_s"] = .number(limits.bytesPerSecond / 1e9)
      object["prompt_int8_peak_share"] = .number(peakShare(limits))
      object["generation_bandwidth_share"] = .number(bandwidthShare(limits))
    }
    if let alternativeRate { object["sampled_generation_tps"] = .number(alternativeRate) }
    return .object(object)
  }

  func table() -> String {
    func row(_ name: String, _ value: Double, _ format: String) -> String {
      name.padding(toLength: 34, withPad: " ", startingAt: 0) + String(format: format, value) + "\n"
    }
    let context = measurement.cached > 0 ? " after \(measurement.cached)" : ""
    return "\(name), \(device ?? "\(threads) threads"), medians of \(measurement.promptTimes.count)\n"
      + row("prompt of \(measurement.prompt)\(context)", promptRate, "%10.1f tokens/s")
      + (limits.map { row("  share of 8-bit integer peak", peakShare($0) * 100, "%10.1f %%") } ?? "")
      + row("time to first token", median(measurement.promptTimes) * 1000, "%10.1f ms")
      + row("generation of \(measurement.generate)", generationRate, "%10.1f tokens/s")
      + (alternativeRate.map {
        row("generation of \(measurement.generate), sampled", $0, "%10.1f tokens/s")
          + row("  share of the greedy speed", $0 / generationRate * 100, "%10.1f %%")
      } ?? "")
      + (limits.map { row("  share of memory bandwidth", bandwidthShare($0) * 100, "%10.1f %%") } ?? "")
      + row("peak resident memory", Double(peakMemory) / 1e6, "%10.1f MB")
      + (limits.map {
        row("machine: 8-bit integer peak", $0.integerOperationsPerSecond / 1e9, "%10.1f GOP/s")
          + row("machine: memory bandwidth", $0.bytesPerSecond / 1e9, "%10.1f GB/s")
      } ?? "")
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
