import Basics

/// Reads PLaMo 2's tokenizer.jsonl, and what tokenizer_config.json adds to it. Text is divided into the tokens with the
/// highest sum of scores, which are rounded to four decimal places; a character without a token is worth -1000 and becomes
/// its bytes (https://huggingface.co/pfnet/plamo-2-1b/blob/main/tokenization_plamo.py).
enum PLaMoReader {
  /// The score of a character without a token.
  static let unknownScore = -10_000_000.0

  /// The vocabulary of a file.
  /// - Parameter configuration: tokenizer_config.json, if there is one.
  static func read(
    _ bytes: UnsafeRawBufferPointer, configuration: JSON?, generationConfigs: [JSON]
  ) throws(TokenizerError) -> VocabularyDraft {
    let tokens = try PLaMoTokens(bytes)
    var draft = VocabularyDraft()
    for (text, type) in zip(tokens.texts, tokens.types) {
      let kind = GGUFReader.TokenType(rawValue: Int(type)) ?? .normal
      draft.add(Array(text.utf8), kind == .normal && !text.isEmpty ? .mergeable : GGUFReader.traits(kind))
    }
    setScores(tokens.scores, of: &draft)
    func token(_ name: String) -> UInt32? {
      let entry = configuration?["\(name)_token"]
      let text = entry?.asString ?? entry?["content"]?.asString ?? "<|plamo:\(name)|>"
      return tokens.texts.firstIndex(of: text).map { UInt32($0) }
    }
    draft.rules.bos = token("bos")
    draft.rules.eos = token("eos")
    draft.rules.padding = token("pad")
    if configuration?["add_bos_token"]?.asBool ?? true {
      draft.rules.prefix = draft.rules.bos.map { [$0] } ?? []
    }
    if configuration?["add_eos_token"]?.asBool == true {
      draft.rules.suffix = draft.rules.eos.map { [$0] } ?? []
    }
    // The token that starts the next turn ends this one.
    var ends = [draft.rules.eos, token("op")].compactMap { $0 }
    for source in generationConfigs {
      let listed = source["eos_token_id"]
      ends += (listed?.asArray ?? [listed].compactMap { $0 }).compactMap(\.asInteger)
        .compactMap { UInt32(exactly: $0) }
    }
    draft.rules.endOfGeneration = EndOfGeneration.tokens(draft, given: ends)
    return draft
  }

  /// Sets the scores of all tokens.
  static func setScores(_ scores: [Double], of draft: inout VocabularyDraft) {
    draft.rules.segmentation = .unigramFromEnd
    draft.scores = scores.map { score in
      let whole = (score * 1e4).rounded()
      // Tokens below are never used.
      return whole.isFinite && whole > 2 * unknownScore ? whole : -.infinity
    }
  }
}
