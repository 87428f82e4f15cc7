extension ReasoningParser {
  /// The tags around a model's reasoning, and those around its answer where it has them.
  public struct Tags: Sendable, Equatable {
    /// The opening tag.
    public let open: String
    /// The closing tag.
    public let close: String
    /// The tags around the answer, which are not part of it; nil where the answer has none.
    public let answer: Answer?

    /// The tags around an answer.
    public struct Answer: Sendable, Equatable {
      let open: String
      let close: String
    }

    /// A pair of tags; neither may be empty.
    public init(open: String, close: String, answer: Answer? = nil) {
      self.open = open
      self.close = close
      self.answer = answer
    }

    /// The known tags, the most common first.
    public static let known = [
      // Qwen, DeepSeek, GLM, Ling, SmolLM3, Nemotron, EXAONE 4, MiniMax M2, Kimi, LFM2.5, Granite, Hunyuan, ...
      Tags(open: "<think>", close: "</think>"),
      // Ministral 3 and Magistral.
      Tags(open: "[THINK]", close: "[/THINK]"),
      // Gemma 4, whose other channels are not used in conversations.
      Tags(open: "<|channel>thought", close: "<channel|>"),
      // Seed-OSS.
      Tags(open: "<seed:think>", close: "</seed:think>"),
      // MiniMax M3.
      Tags(open: "<mm:think>", close: "</mm:think>"),
      // Command A and Command R7B.
      Tags(open: "<|START_THINKING|>", close: "<|END_THINKING|>"),
      // Apertus.
      Tags(open: "<|inner_prefix|>", close: "<|inner_suffix|>"),
      // EXAONE Deep.
      Tags(open: "<thought>", close: "</thought>"),
      // Apriel 1.6, whose prompt ends with the opening text; its template also mentions the tags of Apriel 1.5.
      Tags(open: "Here are my reasoning steps:", close: "[BEGIN FINAL RESPONSE]"),
      Tags(open: "<thinking>", close: "</thinking>"),
      // Kimi-VL.
      Tags(open: "◁think▷", close: "◁/think▷"),
      // Hunyuan 3.
      Tags(open: "<think:opensource>", close: "</think:opensource>"),
    ]

    /// The tags that a chat template contains; nil for none.
    public static func used(in template: String) -> Tags? {
      if template.contains("'<think{}>'"), template.contains("':opensource'") { return known.last }
      guard let tags = known.first(where: { template.contains($0.close) || template.contains($0.open) })
      else {
        return nil
      }
      // Granite 3.2 and 3.3 describe both pairs; Hunyuan removes both from earlier answers.
      for name in ["response", "answer"] {
        let pair = Answer(open: "<\(name)>", close: "</\(name)>")
        if template.contains(pair.open + pair.close) || (name == "answer" && template.contains(pair.close)) {
          return Tags(open: tags.open, close: tags.close, answer: pair)
        }
      }
      return tags
    }

    /// The texts that may be control tokens: the tags, and the start of an opening tag of several tokens.
    public var controlTexts: [String] {
      [open, close] + (open.hasPrefix("<|channel>") ? ["<|channel>"] : [])
    }

    /// Whether a prompt ends with the opening tag, so that the output starts with reasoning.
    public func isOpen(atEndOf prompt: String) -> Bool {
      let tail = prompt.utf8.reversed().drop { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: " ") }
      return tail.starts(with: open.utf8.reversed())
    }
  }
}
