import Basics

/// The tokens that are matched as a whole, as transformers finds them: those of tokenizer.json, those that only
/// tokenizer_config.json lists, and those that it names for a purpose, such as the end of a text.
struct AddedTokens {
  private(set) var all: [Token] = []
  /// The places in `all` by the tokens' texts.
  private var places: [String: Int] = [:]

  struct Token {
    /// nil where tokenizer.json does not say.
    let id: Int?
    let text: String
    var isSpecial: Bool
  }

  /// - Parameters:
  ///   - root: tokenizer.json.
  ///   - settings: tokenizer_config.json.
  ///   - count: the rows of the embedding; tokenizer_config.json may list more tokens, which the model does not have.
  init(_ root: JSON, _ settings: JSON?, count: Int) {
    for token in root["added_tokens"]?.asArray ?? [] {
      append(
        token["id"]?.asInteger, token["content"]?.asString ?? "", isSpecial: token["special"]?.asBool == true)
    }
    let vocabulary = root["model"]?["vocab"]?.asObject ?? JSONObject()
    var taken = Set(all.compactMap(\.id)).union(vocabulary.values.compactMap(\.asInteger))
    let named = GGUFSpecialTokens.texts(settings)
    let listed = (settings?["added_tokens_decoder"]?.asObject ?? JSONObject())
      .compactMap { key, token in Int(key).map { (id: $0, token: token) } }
    for (id, token) in listed.sorted(by: { $0.id < $1.id }) {
      guard let text = token["content"]?.asString else { continue }
      let isSpecial = token["special"]?.asBool == true || named.contains(text)
      if let place = places[text] {
        all[place].isSpecial = isSpecial
      } else {
        let free = taken.contains(id) ? (taken.max() ?? -1) + 1 : id
        let own = vocabulary[text]?.asInteger ?? free
        guard own >= 0, own < count else { continue }
        taken.insert(own)
        append(own, text, isSpecial: isSpecial)
      }
    }
    guard !vocabulary.keys.isEmpty else { return }
    let ordered = GGUFSpecialTokens.names.compactMap { GGUFSpecialTokens.text($0, settings) }
    for text in ordered + named.sorted() where places[text] == nil && !text.isEmpty {
      let id = vocabulary[text]?.asInteger ?? (taken.max() ?? -1) + 1
      guard id < count else { continue }
      taken.insert(id)
      append(id, text, isSpecial: true)
    }
  }

  private mutating func append(_ id: Int?, _ text: String, isSpecial: Bool) {
    places[text] = all.count
    all.append(Token(id: id, text: text, isSpecial: isSpecial))
  }
}
