import Checkpoints

extension Tokenizer {
  /// The tokenizer of a model: of its GGUF file, or of the tokenizer.json or tiktoken file beside its weights.
  ///
  /// The first time the vocabulary is read and compiled (10 ms for 50,000 tokens of a GGUF file, half a
  /// second for a large tokenizer.json); from then on it is mapped from the cache, in a few milliseconds
  /// whatever its size.
  /// - Parameter cache: where compiled vocabularies are kept; nil to compile every time.
  /// - Throws: where there is no vocabulary, it is damaged, or of a kind that Sotto does not read.
  public convenience init(
    checkpoint: Checkpoint, cache: VocabularyCache? = .standard
  ) throws(TokenizerError) {
    try self.init(VocabularySource.find(checkpoint), cache: cache)
  }

  /// The tokenizer of the model at a path, which need not have weights: a folder with config.json and
  /// tokenizer.json, or with config.json and o200k_base.tiktoken, or a GGUF file.
  /// - Throws: also where there is no model.
  public static func load(
    path: String, cache: VocabularyCache? = .standard
  ) throws(TokenizerError) -> Tokenizer {
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(path) } catch {
      let place = error.place.isEmpty ? "" : "\(error.place): "
      throw TokenizerError(file: error.file, place + error.problem, advice: error.advice)
    }
    return try Tokenizer(checkpoint: checkpoint, cache: cache)
  }

  convenience init(_ source: VocabularySource, cache: VocabularyCache?) throws(TokenizerError) {
    let key = source.key
    if let vocabulary = cache?.load(key) {
      self.init(vocabulary)
      return
    }
    let image = try VocabularyCompiler.compile(source.draft(), key: key)
    guard let vocabulary = Vocabulary(image) else {
      throw TokenizerError("the compiled vocabulary contradicts itself", advice: "report this to Sotto")
    }
    cache?.store(image)
    self.init(vocabulary)
  }
}
