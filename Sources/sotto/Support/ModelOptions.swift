import ArgumentParser
import Compute
import Conversation
import Foundation
import Generation

extension Precision: ExpressibleByArgument {}

/// Options of every command that computes.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Threads to compute with (default: one for each core).")
  var threads: Int?

  /// The number of threads, within what the machine has sense for.
  var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  func validate() throws {
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 256, not \(threads)")
    }
  }
}

/// Options of commands for which it can be said how keys and values are kept.
struct CacheOptions: ParsableArguments {
  @Option(
    name: .customLong("cache-bits"),
    help: "Bits of a number in the key-value cache: 16, or 8 for half the memory (default: 16, exact 32).")
  var bits: Int?

  /// How keys and values are stored; nil for the backend's own choice.
  var format: CacheFormat? { bits == 8 ? .int8 : bits == 16 ? .float16 : nil }

  func validate() throws {
    if let bits, bits != 8, bits != 16 { throw ValidationError("--cache-bits takes 8 or 16, not \(bits)") }
  }
}

/// Options that decide how the next token is chosen. Without one the user's settings file decides, then the model's
/// files.
struct SamplingOptions: ParsableArguments {
  @Option(help: "Divides the logits; 0 always takes the likeliest token.")
  var temperature: Float?

  @Option(name: .customLong("top-p"), help: "Keep the likeliest tokens up to this sum of probabilities.")
  var topP: Float?

  @Option(name: .customLong("top-k"), help: "Keep this many of the likeliest tokens; 0 keeps all.")
  var topK: Int?

  @Option(name: .customLong("min-p"), help: "Keep tokens at least this fraction as likely as the likeliest.")
  var minP: Float?

  @Option(help: "Makes recent tokens less likely; 1 is off.")
  var repetitionPenalty: Float?

  @Option(help: "The same seed gives the same text.")
  var seed: UInt64?

  /// The sampling for a model.
  /// - Parameter defaults: what holds without options.
  func settings(_ defaults: ChatSettings) -> SamplingSettings {
    SamplingSettings(
      temperature: temperature ?? Float(defaults.temperature), topP: topP ?? Float(defaults.topP),
      topK: topK ?? defaults.topK, minP: minP ?? Float(defaults.minP),
      repetitionPenalty: repetitionPenalty ?? Float(defaults.repetitionPenalty), seed: seed)
  }

  func validate() throws {
    func check(_ name: String, _ value: Float?, _ range: ClosedRange<Float>) throws {
      guard let value else { return }
      guard value.isFinite, range.contains(value) else {
        throw ValidationError(
          "--\(name) takes a number from \(range.lowerBound) to \(range.upperBound), not \(value)")
      }
    }
    try check("temperature", temperature, 0...100)
    try check("top-p", topP, 0...1)
    try check("min-p", minP, 0...1)
    try check("repetition-penalty", repetitionPenalty, 0.01...100)
    if let topK, topK < 0 { throw ValidationError("--top-k takes a number from 0 on, not \(topK)") }
  }
}
