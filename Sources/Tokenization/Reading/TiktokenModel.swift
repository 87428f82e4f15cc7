import Basics

/// Vocabularies of models in tiktoken's format, whose pattern and special tokens are in the code beside them.
enum TiktokenModel: String, CaseIterable {
  case kimi, qwen, llama3

  /// The name of the file in the folder of a model.
  var fileName: String {
    switch self {
    case .kimi: "tiktoken.model"
    case .qwen: "qwen.tiktoken"
    case .llama3: "tokenizer.model"
    }
  }

  /// The vocabulary of a file.
  /// - Parameter configuration: tokenizer_config.json, which may list the special tokens.
  func read(_ bytes: UnsafeRawBufferPointer, configuration: JSON?, generationConfigs: [JSON])
    throws(TokenizerError)
    -> VocabularyDraft
  {
    var draft = try TiktokenReader.read(bytes, steps)
    if self == .qwen { draft.rules.normalization = [.nfc] }
    let first = draft.count
    var names = special
    var ordinary: Set<Int> = []
    for (id, token) in configuration?["added_tokens_decoder"]?.asObject ?? JSONObject() {
      guard let index = Int(id).map({ $0 - first }), index >= 0, index < 4096,
        let name = token["content"]?.asString
      else { continue }
      while names.count <= index { names.append("<|reserved_token_\(first + names.count)|>") }
      names[index] = name
      if token["special"]?.asBool == false, !ControlTokens.contains(name.utf8, isAdded: true) {
        ordinary.insert(index)
      }
    }
    for (index, name) in names.enumerated() {
      draft.add(Array(name.utf8), ordinary.contains(index) ? .added : [.special, .added])
    }
    func token(_ value: JSON?) -> UInt32? {
      (value?.asString ?? value?["content"]?.asString).flatMap { name in names.firstIndex(of: name) }
        .map { UInt32(first + $0) }
    }
    let (start, end) = ends
    draft.rules.bos = token(configuration?["bos_token"]) ?? token(.string(start))
    draft.rules.eos = token(configuration?["eos_token"]) ?? token(.string(end))
    draft.rules.padding = token(configuration?["pad_token"])
    if self == .llama3 { draft.rules.prefix = draft.rules.bos.map { [$0] } ?? [] }
    var given = [draft.rules.eos].compactMap { $0 }
    for source in generationConfigs {
      let listed = source["eos_token_id"]
      for id in (listed?.asArray ?? [listed].compactMap { $0 }).compactMap(\.asInteger)
      where id >= 0 && id < draft.count {
        given.append(UInt32(id))
      }
    }
    draft.rules.endOfGeneration = EndOfGeneration.tokens(draft, given: given)
    return draft
  }

  private var steps: [PreTokenization] {
    switch self {
    case .kimi: SplitExpression(NamedPreTokenizer.kimi).map { [.expression($0)] } ?? []
    case .qwen: [.words(.qwen2)]
    case .llama3: [.words(.llama3)]
    }
  }

  /// The names of the start and the end of a text.
  private var ends: (start: String, end: String) {
    switch self {
    case .kimi: ("[BOS]", "[EOS]")
    case .qwen: ("<|endoftext|>", "<|endoftext|>")
    case .llama3: ("<|begin_of_text|>", "<|end_of_text|>")
    }
  }

  /// The special tokens after the ordinary ones, unless tokenizer_config.json has others.
  private var special: [String] {
    switch self {
    case .kimi: []
    case .qwen: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + (0..<205).map { "<|extra_\($0)|>" }
    case .llama3:
      [
        "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
        "<|reserved_special_token_1|>",
        "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>",
        "<|eot_id|>", "<|python_tag|>",
      ] + (2..<247).map { "<|reserved_special_token_\($0)|>" }
    }
  }
}
