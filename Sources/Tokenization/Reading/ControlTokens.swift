/// Recognises control tokens by their text, as llama.cpp does: converted files often give them the type of
/// ordinary tokens, and a user who writes such a text must not produce the token.
package enum ControlTokens {
  /// Texts that no vocabulary contains by chance.
  private static let unmistakable: Set<String> = [
    "<start_of_turn>", "<end_of_turn>", "<turn|>", "<end_of_utterance>", "<start_of_image>", "<end_of_image>",
    "<image_soft_token>", "<EOT>", "_<EOT>", "<seed:bos>", "<seed:eos>", "<end_of_text>",
  ]
  /// Texts that are control tokens where a file lists them as added tokens. As a result of merging they
  /// can be markup: `</s>` is HTML.
  private static let added: Set<String> = [
    "<s>", "</s>", "<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "[EOS]", "[BOS]", "[EOT]", "[PAD]", "[UNK]",
    "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "<<SYS>>", "<</SYS>>",
  ]
  /// Texts that models write around their reasoning, which has to remain visible.
  private static let visible = ["think", "thought", "inner_"]

  /// Whether a token with this text is a control token.
  /// - Parameter isAdded: whether the file lists it as an added token, as opposed to one that merging makes.
  package static func contains(_ token: some Collection<UInt8>, isAdded: Bool) -> Bool {
    guard let first = token.first, token.count >= 3,
      [UInt8(ascii: "<"), UInt8(ascii: "["), UInt8(ascii: "_")].contains(first), token.count <= 64
    else { return false }
    let text = String(decoding: token, as: UTF8.self)
    if unmistakable.contains(text) || (isAdded && added.contains(text)) { return true }
    let scalars = text.unicodeScalars
    guard scalars.count >= 5, scalars.first == "<", scalars.last == ">", let bar = scalars.dropFirst().first,
      bar == "|" || bar == "\u{FF5C}", scalars.dropLast().last == bar
    else { return false }
    let name = scalars.dropFirst(2).dropLast(2)
    guard name.allSatisfy({ !"<>|\u{FF5C}".unicodeScalars.contains($0) && !$0.properties.isWhitespace })
    else {
      return false
    }
    let lowercased = text.lowercased()
    return !visible.contains { lowercased.contains($0) }
  }
}
