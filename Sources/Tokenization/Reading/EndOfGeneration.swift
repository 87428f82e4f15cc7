/// The tokens that end generation. Files name one or a few of them; the others are recognised by their text,
/// because converted files often omit the end of a turn.
enum EndOfGeneration {
  private static let names: [StaticString] = [
    "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<end_of_turn>",
    "<|end_of_turn|>", "<|END_OF_TURN_TOKEN|>", "<|return|>", "<|call|>", "<|end|>", "<eos>", "</s>", "<EOT>",
    "_<EOT>", "<|eot|>", "<|eom|>", "<turn|>", "<end_of_utterance>", "<|role_end|>", "<｜end▁of▁sentence｜>",
    "<|endofturn|>", "<|flush|>", "<|calls|>", "[EOT]", "[EOS]", "<seed:eos>", "<end_of_text>",
    "<|file_sep|>",
    "<|repo_name|>", "<|fim_pad|>",
  ]

  /// All end-of-generation tokens of a vocabulary, ascending.
  /// - Parameter given: those that the model's files name.
  static func tokens(_ draft: VocabularyDraft, given: [UInt32]) -> [UInt32] {
    var found: [String: UInt32] = [:]
    let known = Set(names.map { "\($0)" })
    var startsMessages = false
    let longest = known.lazy.map(\.utf8.count).max() ?? 0
    for id in 0..<draft.count where draft.traits[id].contains(.special) {
      let token = draft.token(id)
      guard token.count <= longest else { continue }
      let name = String(decoding: token, as: UTF8.self)
      if known.contains(name) { found[name] = UInt32(id) }
      if name == "<|message|>" { startsMessages = true }
    }
    // In harmony, <|end|> ends a message, after which the model may start another one.
    if found["<|return|>"] != nil, found["<|call|>"] != nil || found["<|calls|>"] != nil {
      found["<|end|>"] = nil
    }
    // Likewise <|eom|> where messages have recipients (Muse Glimmer).
    if startsMessages, found["<|eot|>"] != nil { found["<|eom|>"] = nil }
    return Set(given).union(found.values).filter { $0 < draft.count }.sorted()
  }
}
