import Basics

// BOS, EOS and the other special tokens, and those added around a text.
extension TokenizerJSON {
  mutating func readSpecialTokens(_ model: JSON) throws {
    draft.rules.bos = named(tokenizerConfig?["bos_token"])
    draft.rules.eos = named(tokenizerConfig?["eos_token"])
    draft.rules.padding = named(tokenizerConfig?["pad_token"])
    if draft.rules.segmentation == .merges { draft.rules.unknown = named(model["unk_token"]) }
    var ends = draft.rules.eos.map { [$0] } ?? []
    for source in generationConfigs {
      let listed = source["eos_token_id"]
      for id in listed?.asArray ?? [listed].compactMap({ $0 }) {
        if let id = id.asInteger, id >= 0, id < draft.count { ends.append(UInt32(id)) }
      }
      if draft.rules.eos == nil { draft.rules.eos = ends.first }
      if draft.rules.bos == nil, let id = source["bos_token_id"]?.asInteger, id >= 0, id < draft.count {
        draft.rules.bos = UInt32(id)
      }
    }
    draft.rules.endOfGeneration = EndOfGeneration.tokens(draft, given: ends)

    if let template = Self.template(root["post_processor"]) {
      try readTemplate(template)
    } else {
      if tokenizerConfig?["add_bos_token"]?.asBool == true, let token = draft.rules.bos {
        draft.rules.prefix = [token]
      }
      if tokenizerConfig?["add_eos_token"]?.asBool == true, let token = draft.rules.eos {
        draft.rules.suffix = [token]
      }
    }
  }

  /// The token with this content, given as a string or as an object with a `content` key.
  private func named(_ value: JSON?) -> UInt32? {
    guard var name = value?.asString ?? value?["content"]?.asString else { return nil }
    return name.withUTF8 { name in
      draft.traits.indices.first { id in
        let start = Int(draft.starts[id])
        let end = Int(draft.starts[id + 1])
        return end - start == name.count && draft.token(id).elementsEqual(name)
      }.map { UInt32($0) }
    }
  }

  /// The TemplateProcessing step, which may be nested in a sequence.
  private static func template(_ step: JSON?) -> JSON? {
    guard let step else { return nil }
    switch step["type"]?.asString {
    case "TemplateProcessing": return step
    case "Sequence":
      for inner in step["processors"]?.asArray ?? [] {
        if let found = template(inner) { return found }
      }
      return nil
    default: return nil
    }
  }

  /// "single" is a list of special tokens and the text: `{"SpecialToken": {"id": NAME}}`, `{"Sequence": …}`.
  private mutating func readTemplate(_ template: JSON) throws {
    var isAfterText = false
    for item in try template.array("single") {
      if item["Sequence"] != nil {
        isAfterText = true
      } else if let name = item["SpecialToken"]?["id"]?.asString {
        let ids = template["special_tokens"]?[name]?["ids"]?.asArray?.compactMap(\.asInteger)
        let tokens = ids?.filter { $0 >= 0 && $0 < draft.count }.map { UInt32($0) }
        let found = tokens ?? named(.string(name)).map { [$0] } ?? []
        if isAfterText { draft.rules.suffix += found } else { draft.rules.prefix += found }
      }
    }
  }
}
