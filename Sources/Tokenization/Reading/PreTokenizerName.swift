import Basics
import Checkpoints

extension Tokenizer {
  /// The name by which a GGUF file refers to the pre-tokenization of a model's tokenizer.json (`tokenizer.ggml.pre`): that
  /// of the tokens of a certain text, as llama.cpp's converter has it, or of the same expressions.
  /// - Throws: `TokenizerError` if there is no byte-level vocabulary, or no name.
  package static func preTokenizerName(of checkpoint: Checkpoint) throws(TokenizerError) -> String {
    let source = try VocabularySource.find(checkpoint, isHarmony: false)
    let tokens = try Tokenizer(source, cache: nil)
      .encode(PreTokenizerHashes.text, addSpecial: true, parseSpecial: true)
    if let name = PreTokenizerHashes.name(PreTokenizerHashes.digest(of: tokens)) { return name }
    let draft = try source.draft()
    guard draft.rules.alphabet == .bytes else {
      throw TokenizerError(
        file: checkpoint.path, "the vocabulary is not byte-level", advice: "use the model's tokenizer.model")
    }
    let name = PreTokenizerNames.all.first { name in
      guard let named = NamedPreTokenizer(gguf: name) else { return false }
      return named.steps == draft.rules.preTokenization && named.ignoresMerges == draft.ignoresMerges
        && named.normalizesToNFC == draft.rules.normalization.contains(.nfc)
    }
    guard let name else {
      throw TokenizerError(
        file: checkpoint.path, "the pre-tokenizer has no name in GGUF files",
        advice: "use llama.cpp's converter")
    }
    return name
  }
}

private enum PreTokenizerNames {
  /// One of each kind that `NamedPreTokenizer` tells apart, the usual one first.
  static let all = [
    "llama-bpe", "qwen2", "qwen35", "gpt-2", "smollm", "tekken", "gpt-4o", "minimax-m2", "deepseek-v3",
    "stablelm2",
    "dbrx", "glm4", "falcon", "default",
  ]
}
