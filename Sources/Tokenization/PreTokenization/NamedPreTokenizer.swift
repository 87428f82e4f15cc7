/// How text is cut, by the name that GGUF files give it (`tokenizer.ggml.pre`), and what else the name
/// implies. The names are llama.cpp's (src/llama-vocab.cpp).
struct NamedPreTokenizer {
  let steps: [PreTokenization]
  /// Whether a piece that is a token is that token, whatever merging would make of it.
  var takesWholePieces = false
  /// Whether a token that starts the text is put before it unless the file says otherwise.
  var addsBeginning = false
  /// Whether text is composed (NFC) first, as the tokenizer that the model was trained with does.
  var composes = false

  private init(
    _ steps: [PreTokenization], wholePieces: Bool = false, beginning: Bool = false, composed: Bool = false
  ) {
    self.steps = steps
    takesWholePieces = wholePieces
    addsBeginning = beginning
    composes = composed
  }

  /// Nil for a name that is not known.
  init?(gguf name: String) {
    switch name {
    case "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "gigachat", "mellum",
      "modern-bert", "a.x-4.0", "exaone4", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de":
      self.init([.words(.gpt2)])
    case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2":
      self.init([.numbers(group: 1), .words(.gpt2)])
    case "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
      "jina-v5-nano":
      self.init([.words(.llama3)], wholePieces: true, beginning: true)
    case "dbrx", "smaug-bpe", "chatglm-bpe": self.init([.words(.llama3)])
    case "glm4", "glm5": self.init([.words(.llama3)], wholePieces: true)
    case "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez":
      self.init([.words(.qwen2)], composed: true)
    case "stablelm2", "hunyuan", "solar-open", "grok-2": self.init([.words(.qwen2)])
    case "bailingmoe", "bailingmoe2", "llada-moe": self.init([.words(.qwen2)])
    case "qwen35": self.init([.words(.qwen35)], composed: true)
    case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2":
      self.init([.words(.o200k)], wholePieces: name == "gpt-4o" || name == "llama4")
    case "tekken": self.init([.words(.tekken)], wholePieces: true, beginning: true)
    case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4":
      self.init([.numbers(group: 3), .runs(.chineseAndJapanese), .deepSeekWords])
    case "falcon":
      self.init([.runs(.punctuationAndGraves), .words(.gpt2), .digitTriples])
    case "default":
      self.init([
        .runs(.punctuation), .words(.gpt2), .numbers(group: 0), .digitTriples,
      ])
    default: return nil
    }
  }
}
