import Basics
import Checkpoints
import Foundation
import TOMLKit
import TerminalInterface

/// The settings of the user, from `sotto/settings.toml` in the configuration folder (XDG_CONFIG_HOME).
///
/// ```toml
/// model = "SmolLM2-135M-Instruct"   # the default model of a chat
/// draft = "SmolLM2-135M-Instruct"   # a smaller model with the same vocabulary that proposes tokens (default: none)
/// theme = "dusk"
/// folders = ["/data/models"]        # additional folders with models
/// typing_ahead = true               # prefill the draft while it is typed
/// history = true                    # save sent messages and sessions
/// cache_budget = 6.0                # GB of memory for prompt caches (default: a quarter of the memory)
/// cache_bits = 16                   # bits per value in the key-value cache: 16, or 8 for half the memory
/// cache_disk = 4.0                  # GB on disk for the caches of sessions; 0 for none
/// model_budget = 18.0               # GB of weights in memory (default: three quarters of the memory)
/// temperature = 0.7                 # sampling, replaces recommendations of models; also top_p, top_k, min_p,
///                                   # repetition_penalty
/// ```
struct Settings: Sendable {
  /// The default model of a chat.
  var model: String?
  /// The draft model of models with the same vocabulary.
  var draft: String?
  /// The name of the theme.
  var theme: String?
  /// Folders with models, in addition to Sotto's folder and the Hugging Face cache.
  var folders: [String] = []
  /// Whether to prefill the draft while it is typed.
  var typingAhead = true
  /// Whether to save sent messages and sessions.
  var history = true
  /// Gigabytes of memory for prompt caches; nil for a quarter of the machine's memory.
  var cacheBudget: Double?
  /// Bits per value in the key-value cache: 16 or 8.
  var cacheBits = 16
  /// Gigabytes on disk for the caches of sessions and system prompts; 0 for none.
  var cacheDisk = 4.0
  /// Gigabytes of weights in memory; nil for three quarters of the machine's memory.
  var modelBudget: Double?
  /// Sampling parameters, which replace those that models recommend.
  var sampling = RecommendedSampling()

  private static let names = [
    "model", "draft", "theme", "folders", "typing_ahead", "history", "cache_budget", "cache_bits",
    "cache_disk",
    "model_budget", "temperature", "top_p", "top_k", "min_p", "repetition_penalty",
  ]

  /// The path of the file.
  static var path: String { FileSystem.join(UserFolders().configuration, "sotto/settings.toml") }

  /// Reads the file; without one, all settings have their default.
  /// - Throws: `CommandError` with the file and the line.
  static func load(path: String = path) throws -> Settings {
    guard let data = FileManager.default.contents(atPath: path) else { return Settings() }
    let table: TOMLTable
    do throws(TOMLDocument.SyntaxError) {
      table = try TOMLDocument.parse(String(decoding: data, as: UTF8.self))
    } catch {
      throw CommandError("\(path): line \(error.line): \(error.problem); correct or remove the line")
    }
    var settings = Settings()
    for (key, value) in table {
      switch key {
      case "model": settings.model = try text(value, key, path)
      case "draft": settings.draft = try text(value, key, path)
      case "theme": settings.theme = try text(value, key, path)
      case "folders":
        guard let list = value.array else { throw wrong(key, "a list of folders", path) }
        settings.folders = try list.map { UserFolders().expanding(try text($0, key, path)) }
      case "typing_ahead": settings.typingAhead = try flag(value, key, path)
      case "history": settings.history = try flag(value, key, path)
      case "cache_budget": settings.cacheBudget = try gigabytes(value, key, path)
      case "cache_disk": settings.cacheDisk = try gigabytes(value, key, path)
      case "model_budget": settings.modelBudget = try gigabytes(value, key, path)
      case "temperature": settings.sampling.temperature = try number(value, key, 0...10, path)
      case "top_p": settings.sampling.topP = try number(value, key, 0...1, path)
      case "top_k": settings.sampling.topK = Int(try number(value, key, 0...1_000_000, path))
      case "min_p": settings.sampling.minP = try number(value, key, 0...1, path)
      case "repetition_penalty":
        settings.sampling.repetitionPenalty = try number(value, key, 0.01...10, path)
      case "cache_bits":
        guard let bits = value.int, bits == 8 || bits == 16 else { throw wrong(key, "8 or 16", path) }
        settings.cacheBits = bits
      default:
        let names = "\(names.dropLast().joined(separator: ", ")) and \(names.last ?? "")"
        throw CommandError("\(path): unknown setting '\(key)'; the settings are \(names)")
      }
    }
    return settings
  }

  private static func gigabytes(
    _ value: any TOMLValueConvertible, _ key: String, _ path: String
  ) throws -> Double {
    guard let number = value.double ?? value.int.map(Double.init), (0...1e6).contains(number) else {
      throw wrong(key, "a number of gigabytes", path)
    }
    return number
  }

  private static func number(
    _ value: any TOMLValueConvertible, _ key: String, _ range: ClosedRange<Double>, _ path: String
  ) throws -> Double {
    guard let number = value.double ?? value.int.map(Double.init), range.contains(number) else {
      throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)", path)
    }
    return number
  }

  private static func text(
    _ value: any TOMLValueConvertible, _ key: String, _ path: String
  ) throws -> String {
    guard let text = value.string else { throw wrong(key, "a string in quotation marks", path) }
    return text
  }

  private static func flag(_ value: any TOMLValueConvertible, _ key: String, _ path: String) throws -> Bool {
    guard let flag = value.bool else { throw wrong(key, "true or false", path) }
    return flag
  }

  private static func wrong(_ key: String, _ expected: String, _ path: String) -> CommandError {
    CommandError("\(path): '\(key)' must be \(expected)")
  }
}
