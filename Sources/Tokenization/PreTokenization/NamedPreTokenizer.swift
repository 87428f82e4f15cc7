/// The pre-tokenization that a GGUF file names (`tokenizer.ggml.pre`), and what else the name implies. The
/// names are llama.cpp's (src/llama-vocab.cpp).
struct NamedPreTokenizer {
  let steps: [PreTokenization]
  /// Whether a piece that is a token is encoded as that token without merging (`ignore_merges`).
  var ignoresMerges = false
  /// Whether the BOS token is prepended unless the file says otherwise.
  var addsBOS = false
  /// Whether text is normalized to NFC first, as the model's original tokenizer does.
  var normalizesToNFC = false

  init(
    _ steps: [PreTokenization], ignoresMerges: Bool = false, bos: Bool = false, nfc: Bool = false
  ) {
    self.steps = steps
    self.ignoresMerges = ignoresMerges
    addsBOS = bos
    normalizesToNFC = nfc
  }

  /// Returns nil for an unknown name.
  init?(gguf name: String) {
    switch name {
    case "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "gigachat", "mellum",
      "modern-bert", "a.x-4.0", "exaone4", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de":
      self.init([.words(.gpt2)])
    case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2":
      self.init([.numbers(group: 1), .words(.gpt2)])
    case "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
      "jina-v5-nano":
      self.init([.words(.llama3)], ignoresMerges: true, bos: true)
    case "dbrx", "smaug-bpe", "chatglm-bpe": self.init([.words(.llama3)])
    case "glm4", "glm5": self.init([.words(.llama3)], ignoresMerges: true)
    case "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez":
      self.init([.words(.qwen2)], nfc: true)
    case "stablelm2", "hunyuan", "solar-open", "grok-2": self.init([.words(.qwen2)])
    case "bailingmoe", "bailingmoe2", "llada-moe": self.init([.words(.qwen2)])
    case "qwen35": self.init([.words(.qwen35)], nfc: true)
    case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2":
      self.init([.words(.o200k)], ignoresMerges: name == "gpt-4o" || name == "llama4")
    case "tekken": self.init([.words(.tekken)], ignoresMerges: true, bos: true)
    case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4":
      self.init([.numbers(group: 3), .runs(.chineseAndJapanese), .deepSeekWords])
    case "falcon":
      self.init([.runs(.punctuationAndGraves), .words(.gpt2), .digitTriples])
    case "default":
      self.init([
        .runs(.punctuation), .words(.gpt2), .numbers(group: 0), .digitTriples,
      ])
    default:
      guard let expressions = Self.expressions(gguf: name) else { return nil }
      let compiled = expressions.compactMap(SplitExpression.init)
      guard compiled.count == expressions.count else { return nil }
      self.init(compiled.map { .expression($0) }, ignoresMerges: ["minicpm5", "youtu"].contains(name))
    }
  }
}
