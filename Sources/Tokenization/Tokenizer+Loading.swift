import Checkpoints

extension Tokenizer {
  /// The tokenizer of a model: from its GGUF file, or from the tokenizer.json or tiktoken file beside its
  /// weights.
  ///
  /// The first time, the vocabulary is parsed and compiled (10 ms for a GGUF file of 50,000 tokens, half a
  /// second for a large tokenizer.json); afterwards it is mapped from the cache in a few milliseconds,
  /// whatever its size.
  /// - Parameters:
  ///   - cache: where compiled vocabularies are stored; nil to compile every time.
  ///   - isHarmony: whether a tiktoken file is used with harmony's special tokens.
  /// - Throws: if there is no vocabulary, if it is damaged, or if its kind is not supported.
  public convenience init(
    checkpoint: Checkpoint, cache: VocabularyCache? = .standard, isHarmony: Bool = false
  ) throws(TokenizerError) {
    try self.init(VocabularySource.find(checkpoint, isHarmony: isHarmony), cache: cache)
  }

  /// The tokenizer of the model at a path, which need not have weights: a folder with config.json and
  /// tokenizer.json, or with config.json and o200k_base.tiktoken, or a GGUF file.
  /// - Throws: also if there is no model.
  public static func load(
    path: String, cache: VocabularyCache? = .standard, isHarmony: Bool = false
  ) throws(TokenizerError) -> Tokenizer {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(path) } catch {
      let position = error.place.isEmpty ? "" : "\(error.place): "
      throw TokenizerError(file: error.file, position + error.problem, advice: error.advice)
    }
    return try Tokenizer(checkpoint: checkpoint, cache: cache, isHarmony: isHarmony)
  }

  convenience init(_ source: VocabularySource, cache: VocabularyCache?) throws(TokenizerError) {
    let key = source.key
    if let vocabulary = cache?.load(key) {
      self.init(vocabulary)
      return
    }
    let image = try VocabularyCompiler.compile(source.draft(), key: key)
    guard let vocabulary = Vocabulary(image) else {
      throw TokenizerError("the compiled vocabulary is inconsistent", advice: "report this as a bug in Sotto")
    }
    cache?.store(image)
    self.init(vocabulary)
  }
}
