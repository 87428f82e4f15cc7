import Basics
import Checkpoints

/// The files of a model's vocabulary: located without parsing, identified by their content, parsed only to
/// compile.
enum VocabularySource {
  case gguf(GGUFMetadata)
  /// tokenizer.json, and the files beside it.
  case json(Bytes, Companions, file: String)
  case tiktoken(Bytes, TiktokenReader.Encoding, file: String)
  /// Another file, and the files beside it.
  case other(Other, Bytes, Companions, file: String)

  /// The kinds of vocabulary files besides tokenizer.json and rank files of known encodings.
  enum Other {
    case sentencePiece, tekken, rwkv, plamo
    case tiktoken(TiktokenModel)
  }

  /// The files beside a tokenizer.json that add to it.
  struct Companions {
    var tokenizerConfig: Bytes?
    var addedTokens: Bytes?
    /// generation_config.json and config.json, those that exist.
    var generationConfigs: [Bytes] = []
  }

  /// Locates the vocabulary of a model: in its GGUF file, or beside its weights as tokenizer.json, tekken.json,
  /// SentencePiece's tokenizer.model, RWKV's vocabulary, or a rank file of tiktoken (`o200k_base.tiktoken`).
  /// - Parameter isHarmony: whether the model's conversations are encoded in harmony, whose special tokens no file has.
  static func find(_ checkpoint: Checkpoint, isHarmony: Bool) throws(TokenizerError) -> VocabularySource {
    if let metadata = checkpoint.gguf { return .gguf(metadata) }
    func file(_ name: String) throws(TokenizerError) -> Bytes? {
      do { return try checkpoint.tokenizerFile(name) } catch {
        throw TokenizerError(file: error.file, error.problem, advice: error.advice)
      }
    }
    func companions() throws(TokenizerError) -> Companions {
      var companions = Companions()
      for name in ["generation_config.json", "config.json"] {
        if let bytes = try file(name) { companions.generationConfigs.append(bytes) }
      }
      companions.tokenizerConfig = try file("tokenizer_config.json")
      companions.addedTokens = try file("added_tokens.json")
      return companions
    }
    if let json = try file("tokenizer.json") {
      return .json(json, try companions(), file: "\(checkpoint.path)/tokenizer.json")
    }
    for (name, kind) in Self.others {
      guard let bytes = try file(name) else { continue }
      // Llama 3's tokenizer.model is a rank file.
      let isRanks = bytes.pointer.first.map { $0 != 0x0A } ?? false
      if case .sentencePiece = kind, isRanks {
        return .other(.tiktoken(.llama3), bytes, try companions(), file: "\(checkpoint.path)/\(name)")
      }
      return .other(kind, bytes, try companions(), file: "\(checkpoint.path)/\(name)")
    }
    for encoding in TiktokenReader.Encoding.allCases {
      let name = "\(encoding.rawValue).tiktoken"
      guard let bytes = try file(name) else { continue }
      // Harmony uses o200k_base's ranks with special tokens of its own.
      let own: TiktokenReader.Encoding = isHarmony && encoding == .o200kBase ? .o200kHarmony : encoding
      return .tiktoken(bytes, own, file: "\(checkpoint.path)/\(name)")
    }
    throw TokenizerError(
      file: checkpoint.path,
      "no vocabulary beside the model (tokenizer.json, tokenizer.model, tekken.json or *.tiktoken)",
      advice: "download the model's tokenizer.json")
  }

  /// The names of other vocabulary files, in the order of preference.
  private static let others: [(String, Other)] = [
    ("tekken.json", .tekken), ("tokenizer.model", .sentencePiece), ("tiktoken.model", .tiktoken(.kimi)),
    ("qwen.tiktoken", .tiktoken(.qwen)), ("rwkv_vocab_v20230424.txt", .rwkv),
    ("tokenizer.jsonl", .plamo),
  ]

  /// The hash of the vocabulary's source files, computed at about 10 GB/s.
  var key: ContentKey {
    var key = ContentKey.Builder()
    switch self {
    case .gguf(let metadata): Self.add(metadata, to: &key)
    case .json(let json, let companions, _):
      key.add("tokenizer.json")
      for bytes in [json, companions.tokenizerConfig].compactMap({ $0 }) + companions.generationConfigs {
        key.add(bytes)
      }
      key.add(companions.tokenizerConfig == nil ? "no settings" : "settings")
      if let bytes = companions.addedTokens { key.add(bytes) }
    case .other(let kind, let bytes, let companions, _):
      key.add("\(kind)")
      key.add(bytes)
      key.add(companions.tokenizerConfig == nil ? "no settings" : "settings")
      for bytes in [companions.tokenizerConfig, companions.addedTokens].compactMap({ $0 })
        + companions.generationConfigs
      { key.add(bytes) }
    case .tiktoken(let bytes, let encoding, _):
      key.add(encoding.rawValue)
      key.add(bytes)
    }
    return key.key
  }

  private static func add(_ metadata: GGUFMetadata, to key: inout ContentKey.Builder) {
    key.add("GGUF")
    for name in metadata.keys where name.hasPrefix("tokenizer.") && !name.contains("chat_template") {
      key.add(name)
      switch metadata[name] {
      case .integer(let value): key.add("\(value)")
      case .number(let value): key.add("\(value)")
      case .bool(let value): key.add("\(value)")
      case .string(let bytes): key.add(bytes)
      case .strings(let strings): key.add(strings.bytes)
      case .numbers(let numbers): key.add(numbers.bytes)
      case .arrays, nil: break
      }
    }
  }

  /// Parses the vocabulary.
  func draft() throws(TokenizerError) -> VocabularyDraft {
    switch self {
    case .gguf(let metadata): return try GGUFReader.read(metadata)
    case .json(let json, let companions, let file):
      do throws(TokenizerError) {
        let (configuration, added, values) = try companions.parsed()
        return try TokenizerJSON.read(
          root: Self.parse(json), tokenizerConfig: configuration, generationConfigs: values,
          addedTokens: added)
      } catch {
        throw error.about(file)
      }
    case .other(let kind, let bytes, let companions, let file):
      do throws(TokenizerError) { return try Self.draft(kind, bytes, companions) } catch {
        throw error.about(file)
      }
    case .tiktoken(let bytes, let encoding, let file):
      return try withExtendedLifetime(bytes) { () throws(TokenizerError) -> VocabularyDraft in
        do throws(TokenizerError) {
          return try TiktokenReader.read(bytes.pointer, encoding)
        } catch {
          throw error.about(file)
        }
      }
    }
  }

  fileprivate static func parse(_ bytes: Bytes) throws(TokenizerError) -> JSON {
    do { return try JSON(parsing: bytes) } catch {
      throw TokenizerError("not JSON: \(error)", advice: "download the file again")
    }
  }
}

extension VocabularySource.Companions {
  /// tokenizer_config.json, added_tokens.json and the others as JSON.
  func parsed() throws(TokenizerError) -> (configuration: JSON?, added: JSON?, generation: [JSON]) {
    var values: [JSON] = []
    for bytes in generationConfigs { values.append(try VocabularySource.parse(bytes)) }
    return (
      try tokenizerConfig.map(VocabularySource.parse), try addedTokens.map(VocabularySource.parse), values
    )
  }
}

extension VocabularySource {
  /// The vocabulary of a file of another kind.
  private static func draft(_ kind: Other, _ bytes: Bytes, _ companions: Companions) throws(TokenizerError)
    -> VocabularyDraft
  {
    let (configuration, added, values) = try companions.parsed()
    return try withExtendedLifetime(bytes) { () throws(TokenizerError) -> VocabularyDraft in
      switch kind {
      case .sentencePiece:
        try SentencePieceReader.read(
          bytes.pointer, configuration: configuration, addedTokens: added, generationConfigs: values)
      case .tekken: try TekkenReader.read(parse(bytes))
      case .rwkv: try RWKVReader.read(bytes.pointer)
      case .plamo:
        try PLaMoReader.read(bytes.pointer, configuration: configuration, generationConfigs: values)
      case .tiktoken(let model):
        try model.read(bytes.pointer, configuration: configuration, generationConfigs: values)
      }
    }
  }
}
