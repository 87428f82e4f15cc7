extension ReasoningParser {
  /// The tags around a model's reasoning, and those around its answer where it has them.
  public struct Tags: Sendable, Equatable {
    /// The opening tag.
    public let open: String
    /// The closing tag.
    public let close: String
    /// The tags around the answer, which are not part of it; nil where the answer has none.
    public let answer: Answer?
    /// Whether the tags are parts of messages to recipients, which `RecipientParser` separates.
    public private(set) var areRecipients = false

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

    /// Muse Glimmer, whose thoughts are messages to itself.
    static let recipients = {
      var tags = Tags(open: "to=self<|message|>", close: "<|eom|>")
      tags.areRecipients = true
      return tags
    }()

    /// The tags that a chat template contains; nil for none.
    public static func used(in template: String) -> Tags? {
      if template.contains(recipients.open) { return recipients }
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
      if areRecipients { return ["<|start|>", "<|message|>", close] }
      return [open, close] + (open.hasPrefix("<|channel>") ? ["<|channel>"] : [])
    }

    /// What starts reasoning after a prompt, as the models write it.
    public var openingText: String { areRecipients ? " " + open : open + "\n" }
    /// What ends reasoning and starts the answer.
    public var closingText: String {
      areRecipients ? close + "<|start|>assistant" + answerText : "\n" + close + "\n\n"
    }
    /// What starts an answer that no reasoning precedes.
    public var answerText: String { areRecipients ? " to=user<|message|>" : "" }
    /// What makes a reply after a prompt an answer: empty reasoning, or the header of an answer.
    public func skippingText(isOpen: Bool) -> String {
      areRecipients ? answerText : (isOpen ? "" : openingText) + closingText
    }

    /// Whether a prompt ends with the opening tag, so that the output starts with reasoning.
    public func isOpen(atEndOf prompt: String) -> Bool {
      let tail = prompt.utf8.reversed().drop { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: " ") }
      return tail.starts(with: open.utf8.reversed())
    }
  }
}
