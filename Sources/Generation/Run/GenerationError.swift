import Foundation

/// Why a request failed.
public enum GenerationError: Error, CustomStringConvertible {
  case emptyPrompt
  case foreignToken(Int32, vocabulary: Int)
  case promptTooLong(tokens: Int, context: Int)
  case noTokenizer
  /// The caches of the prompt alone would exceed the memory budget.
  case cacheTooSmall(tokens: Int, needed: Int, budget: Int)
  case modelNotLoaded
  /// None of the logits before this position is a number.
  case notANumber(position: Int)
  case modelTooLarge(bytes: Int, memory: Int)

  /// Whether the computed caches must not be reused.
  var invalidatesCaches: Bool { if case .notANumber = self { true } else { false } }

  /// One line for the user: what is wrong and what to do.
  public var description: String {
    func size(_ bytes: Int) -> String {
      bytes < 1_000_000_000
        ? String(format: "%.1f MB", Double(bytes) / 1e6) : String(format: "%.1f GB", Double(bytes) / 1e9)
    }
    return switch self {
    case .emptyPrompt: "the prompt is empty; give the model some text"
    case .foreignToken(let id, let vocabulary):
      "token \(id) is outside the model's vocabulary of \(vocabulary) tokens; the tokenizer's files do not match the "
        + "weights"
    case .promptTooLong(let tokens, let context):
      "the prompt has \(tokens) tokens, the model's context holds \(context); shorten it, make room with /compact, "
        + "or start a new conversation with /new"
    case .noTokenizer: "this model has no tokenizer and accepts token ids only"
    case .cacheTooSmall(let tokens, let needed, let budget):
      "\(tokens) tokens need \(size(needed)) of cache, the budget is \(size(budget)); "
        + "raise cache_budget in the settings, or start a new conversation with /new"
    case .notANumber(let position):
      "the model's output at token \(position) is not a number; its file may be damaged, download it again"
    case .modelNotLoaded: "the model is not loaded; choose one with /model"
    case .modelTooLarge(let bytes, let memory):
      "the model takes \(size(bytes)), this machine has \(size(memory)); choose a smaller one"
    }
  }
}
