import Basics
import Generation
import Tokenization

/// A tokenizer for the small random models: each token is one printable character, or a pair of them.
enum LetterTokenizer {
  static func make(count: Int) throws -> Tokenizer {
    let singles = (33...126).map { String(UnicodeScalar(UInt8($0))) }
    let pairs = singles.flatMap { first in singles.map { first + $0 } }
    var vocabulary = JSONObject()
    for (id, text) in (singles + pairs).prefix(count).enumerated() { vocabulary[text] = .integer(id) }
    let bytes: JSON = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
    let json: JSON = [
      "added_tokens": [], "pre_tokenizer": bytes, "decoder": bytes,
      "model": ["type": "BPE", "vocab": .object(vocabulary), "merges": []],
    ]
    return try Tokenizer(json: Array(json.text().utf8))
  }
}

extension TinyModels {
  /// The model with a tokenizer whose tokens are letters.
  func loadWithLetters() throws -> LoadedModel {
    let loaded = try load()
    return LoadedModel(
      model: loaded.model, tokenizer: try LetterTokenizer.make(count: loaded.model.facts.vocabularyCount),
      backend: loaded.backend, bytes: loaded.bytes)
  }
}
