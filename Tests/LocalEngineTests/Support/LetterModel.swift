import Basics
import Foundation
import TestSupport

/// A small random model with a tokenizer in which every character is a token.
enum LetterModel {
  private static let template = """
    {%- for m in messages %}<|m|>{{ m.role }}\n{{ m.content }}<|e|>{% endfor -%}
    {%- if add_generation_prompt %}<|m|>assistant\n{% endif -%}
    """

  static func make(_ name: String, at model: URL) throws {
    let models = model.deletingLastPathComponent()
    try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: Repository.tinyModel(name), to: model)
    // The byte-level alphabet: the space and the line feed are mapped to U+0120 and U+010A.
    let configuration = try Data(contentsOf: model.appending(path: "config.json"))
    let size = try JSON(parsing: [UInt8](configuration))["vocab_size"]
    let letters = ["\u{120}", "\u{10A}"] as [Character] + characters(97..<123) + characters(65..<91)
    let others = characters(33..<127).filter { !letters.contains($0) }
    let kept = (letters + others).prefix((size?.asInteger ?? 0) - 2).map { String($0) }
    let specials = ["<|m|>", "<|e|>"].enumerated().map { index, text in
      ["id": kept.count + index, "content": text, "special": true, "normalized": false] as [String: Any]
    }
    let vocabulary = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    let bytes: [String: Any] = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
    let tokenizer: [String: Any] = [
      "added_tokens": specials, "pre_tokenizer": bytes, "decoder": bytes,
      "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()],
    ]
    try JSONSerialization.data(withJSONObject: tokenizer).write(to: model.appending(path: "tokenizer.json"))
    try Data(#"{"eos_token": "<|e|>"}"#.utf8).write(to: model.appending(path: "tokenizer_config.json"))
    try Data(template.utf8).write(to: model.appending(path: "chat_template.jinja"))
  }

  private static func characters(_ codes: Range<UInt8>) -> [Character] {
    codes.map { Character(UnicodeScalar($0)) }
  }
}
