import ArgumentParser
import Compute
import Conversation
import Devices
import Foundation
import Generation
import TerminalInterface

extension Precision: ExpressibleByArgument {}

extension DeviceChoice: ExpressibleByArgument {
  /// Reads the argument of `--device`.
  public init?(argument: String) { self.init(argument) }
}

/// Options of all commands that compute.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Number of threads (default: one per core).")
  var threads: Int?

  @Option(
    name: .customLong("device"),
    help: """
      What computes: auto (a GPU if the model fits on one, otherwise the processor), cpu, or cuda or cuda:N for an \
      NVIDIA GPU (see 'sotto devices'; default: auto, in the chat, 'generate' and 'batch' the device in the settings).
      """, completion: .device)
  var chosenDevice: DeviceChoice?

  /// The device.
  var device: DeviceChoice { chosenDevice ?? .automatic }

  /// The device, which a setting may choose.
  func device(_ settings: UserSettings) -> DeviceChoice {
    chosenDevice ?? settings.text(.device).flatMap { DeviceChoice($0) } ?? .automatic
  }

  /// An error, with the settings file if it is about a device that was chosen there.
  func explained(_ error: any Error, _ settings: UserSettings) -> any Error {
    guard error is UnusableDevice, chosenDevice == nil, let found = settings.found(.device),
      found.origin == .file
    else { return error }
    return CommandError("\(UserSettings.file.path): device = \"\(found.value.text)\": \(error)")
  }

  /// The number of threads.
  var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  /// The number of threads, which a setting may choose.
  func threadCount(_ settings: UserSettings) -> Int { threads ?? settings.integer(.threads) ?? threadCount }

  /// The values for the chat's settings.
  var values: UserSettings.Values {
    var values: UserSettings.Values = [:]
    if let threads { values[.threads] = .integer(threads) }
    if let chosenDevice { values[.device] = chosenDevice == .automatic ? .auto : .text("\(chosenDevice)") }
    return values
  }

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

  /// The value for the chat's settings.
  var values: UserSettings.Values { bits.map { [.cacheBits: .integer($0)] } ?? [:] }

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
      """, completion: .model)
  var draft: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Propose the tokens that followed the latest ones earlier in the text, where that is faster.")
  var lookup = true
}
