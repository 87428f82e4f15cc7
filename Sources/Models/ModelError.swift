import Basics

/// Why a model cannot be built or run.
public enum ModelError: Error, CustomStringConvertible {
  case missingConfiguration(model: String)
  case unknownArchitecture(String, known: [String])
  case missingKey(String)
  case wrongValue(key: String, expected: String)
  case outOfRange(key: String, value: Double, allowed: String)
  case wrongShape(tensor: String, shape: [Int], expected: [Int])
  /// Tensors of the file that the configuration does not ask for.
  case unusedTensors([String], architecture: String)
  /// Biases of the file that the configuration does not have, and the key that would allow them; nil for none.
  case unstatedBiases([String], key: String?)
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
    case .unusedTensors(let names, let architecture):
      "the configuration of '\(architecture)' does not use \(Self.list(names)) of the file, so the model would answer wrongly; use the config.json that belongs to the weights"
    case .unstatedBiases(let names, let key):
      "the configuration has no biases where the file has \(Self.list(names)); "
        + (key.map { "if the model was trained with them, set \"\($0)\" to true in config.json" }
          ?? "use the config.json that belongs to the weights")
    case .unsupported(let what): what
    case .foreignState(let slot): "the sequence's cache \(slot) belongs to another model"
    case .tooManyTokens(let id): "token id \(id) is outside the model's vocabulary"
    }
  }
}

extension ModelError {
  /// The number of tensors and the names of the first ones.
  static func list(_ names: [String]) -> String {
    let first = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", ..." : "")
    return names.count == 1 ? "the tensor \(first)" : "\(names.count) tensors (\(first))"
  }
}
