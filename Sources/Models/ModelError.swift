import Basics

/// Why a model cannot be built or run.
public enum ModelError: Error, CustomStringConvertible {
  case missingConfiguration(model: String)
  case unknownArchitecture(String, known: [String])
  case missingKey(String)
  case wrongValue(key: String, expected: String)
  case outOfRange(key: String, value: Double, allowed: String)
  case wrongShape(tensor: String, shape: [Int], expected: [Int])
  case unsupported(String)
  case foreignState(slot: Int)
  case tooManyTokens(Int)

  /// One line for the user: the cause and, if there is one, the remedy. Names come from files: control characters are
  /// made visible.
  public var description: String { printable(text, limit: 2000) }

  private var text: String {
    switch self {
    case .missingConfiguration(let model):
      "\(model): no config.json and no GGUF metadata; put the model's config.json next to its weights"
    case .unknownArchitecture(let name, let known):
      "architecture '\(name)' is not supported; supported are \(known.sorted().joined(separator: ", "))"
    case .missingKey(let key):
      "the configuration has no '\(key)'; the file is incomplete; download it again"
    case .wrongValue(let key, let expected):
      "the configuration's '\(key)' is not \(expected)"
    case .outOfRange(let key, let value, let allowed):
      "the configuration's '\(key)' is \(value), which is not \(allowed)"
    case .wrongShape(let tensor, let shape, let expected):
      "tensor '\(tensor)' has shape \(shape) but the configuration requires \(expected)"
    case .unsupported(let what): what
    case .foreignState(let slot): "the sequence's cache \(slot) belongs to another model"
    case .tooManyTokens(let id): "token id \(id) is outside the model's vocabulary"
    }
  }
}
