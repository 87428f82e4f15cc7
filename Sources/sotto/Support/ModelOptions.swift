import ArgumentParser
import Compute
import Conversation
import Foundation
import Generation

extension Precision: ExpressibleByArgument {}

/// Options of all commands that compute.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Number of threads (default: one per core).")
  var threads: Int?

  /// The number of threads.
  var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  func validate() throws {
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads must be a number from 1 to 256, not \(threads)")
    }
  }
}

/// Options for the format of the key-value cache.
struct CacheOptions: ParsableArguments {
  @Option(
    name: .customLong("cache-bits"),
    help: "Bits per value in the key-value cache: 16, or 8 for half the memory (default: 16; exact: 32).")
  var bits: Int?

  /// The format of keys and values; nil for the default of the backend.
  var format: CacheFormat? { bits == 8 ? .int8 : bits == 16 ? .float16 : nil }

  func validate() throws {
    if let bits, bits != 8, bits != 16 { throw ValidationError("--cache-bits must be 8 or 16, not \(bits)") }
  }
}

/// Options for speculative decoding.
struct SpeculationOptions: ParsableArguments {
  @Option(
    help: """
      A smaller model with the same vocabulary that proposes tokens; several are verified in one pass. The answer is \
      the same (default: the draft model in the settings).
      """)
  var draft: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Propose the tokens that followed the latest ones earlier in the text, where that is faster.")
  var lookup = true
}

/// Options for sampling. The default is the value in the settings file, otherwise the recommendation of the model.
struct SamplingOptions: ParsableArguments {
  @Option(help: "Divides the logits; 0 selects the most likely token.")
  var temperature: Float?

  @Option(name: .customLong("top-p"), help: "Keep the most likely tokens up to this total probability.")
  var topP: Float?

  @Option(name: .customLong("top-k"), help: "Keep this number of the most likely tokens; 0 keeps all.")
  var topK: Int?

  @Option(
    name: .customLong("min-p"),
    help: "Keep tokens with this minimum probability relative to the most likely one.")
  var minP: Float?

  @Option(help: "Reduces the probability of recent tokens; 1 disables it.")
  var repetitionPenalty: Float?

  @Option(help: "Seed for sampling; the same seed gives the same text.")
  var seed: UInt64?

  /// The sampling for a model.
  /// - Parameter defaults: the values without options.
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
          "--\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not \(value)")
      }
    }
    try check("temperature", temperature, 0...100)
    try check("top-p", topP, 0...1)
    try check("min-p", minP, 0...1)
    try check("repetition-penalty", repetitionPenalty, 0.01...100)
    if let topK, topK < 0 { throw ValidationError("--top-k must be at least 0, not \(topK)") }
  }
}
