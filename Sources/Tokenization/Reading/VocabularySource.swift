import Basics
import Checkpoints

/// The files of a model's vocabulary: located without parsing, identified by their content, parsed only to
/// compile.
enum VocabularySource {
  case gguf(GGUFMetadata)
  /// tokenizer.json, and the files beside it.
  case json(Bytes, Companions, file: String)
  case tiktoken(Bytes, TiktokenReader.Encoding, file: String)

  /// The files beside a tokenizer.json that add to it.
  struct Companions {
    var tokenizerConfig: Bytes?
    var addedTokens: Bytes?
    /// generation_config.json and config.json, those that exist.
    var generationConfigs: [Bytes] = []
  }

  /// Locates the vocabulary of a model: in its GGUF file, or beside its weights as tokenizer.json or as a
  /// tiktoken rank file (`o200k_base.tiktoken`).
  /// - Parameter isHarmony: whether the model's conversations are encoded in harmony, whose special tokens no file has.
  static func find(_ checkpoint: Checkpoint, isHarmony: Bool) throws(TokenizerError) -> VocabularySource {
    if let metadata = checkpoint.gguf { return .gguf(metadata) }
    func file(_ name: String) throws(TokenizerError) -> Bytes? {
      do { return try checkpoint.tokenizerFile(name) } catch {
        throw TokenizerError(file: error.file, error.problem, advice: error.advice)
      }
    }
    if let json = try file("tokenizer.json") {
      var companions = Companions()
      for name in ["generation_config.json", "config.json"] {
        if let bytes = try file(name) { companions.generationConfigs.append(bytes) }
      }
      companions.tokenizerConfig = try file("tokenizer_config.json")
      companions.addedTokens = try file("added_tokens.json")
      return .json(json, companions, file: "\(checkpoint.path)/tokenizer.json")
    }
    for encoding in TiktokenReader.Encoding.allCases {
      let name = "\(encoding.rawValue).tiktoken"
      guard let bytes = try file(name) else { continue }
      // Harmony uses o200k_base's ranks with special tokens of its own.
      let own: TiktokenReader.Encoding = isHarmony && encoding == .o200kBase ? .o200kHarmony : encoding
      return .tiktoken(bytes, own, file: "\(checkpoint.path)/\(name)")
    }
    throw TokenizerError(
      file: checkpoint.path, "no vocabulary beside the model (tokenizer.json or *.tiktoken)",
      advice: "download the model's tokenizer.json")
  }

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
        var values: [JSON] = []
        for bytes in companions.generationConfigs { values.append(try Self.parse(bytes)) }
        func parsed(_ bytes: Bytes?) throws(TokenizerError) -> JSON? {
          guard let bytes else { return nil }
          return try Self.parse(bytes)
        }
        return try TokenizerJSON.read(
          root: Self.parse(json), tokenizerConfig: parsed(companions.tokenizerConfig),
          generationConfigs: values, addedTokens: parsed(companions.addedTokens))
      } catch {
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

  private static func parse(_ bytes: Bytes) throws(TokenizerError) -> JSON {
    do { return try JSON(parsing: bytes) } catch {
      throw TokenizerError("not JSON: \(error)", advice: "download the file again")
    }
  }
}
