import Basics
import TestSupport

/// A tokenizer, a template and recommended settings for the small random models, which have none.
struct TinyTokenizer {
  /// Tokens in order; the last ones are special.
  let tokens: [String]
  let specials: [String]
  private var all: [String] { tokens + specials }

  static let template = """
    {%- for message in messages -%}
    {{ '<s>' + message['role'] + '\n' + message['content'] | trim + '</s>\n' }}
    {%- endfor -%}
    {%- if add_generation_prompt -%}{{ '<s>assistant\n' }}{%- endif -%}
    """
  private static let harmony = [
    "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|return|>", "<|call|>", "<|constrain|>",
    "<|endoftext|>",
  ]

  /// All bytes and harmony's tokens where there is room for them, and otherwise some letters.
  init(vocabulary: Int) {
    let bytes = (0...255).map { byte in
      let scalar = UInt8(byte)
      let isPrintable = (33...126).contains(scalar) || (161...172).contains(scalar) || scalar >= 174
      return isPrintable ? String(UnicodeScalar(scalar)) : ""
    }
    var next = UInt32(256)
    let alphabet = bytes.map { text -> String in
      guard text.isEmpty else { return text }
      defer { next += 1 }
      return UnicodeScalar(next).map { String($0) } ?? "?"
    }
    if vocabulary >= 264 {
      tokens = alphabet
      specials = Self.harmony
    } else {
      let letters = Array(0x61...0x7a) + [0x20, 0x0a, 0x2e, 0x2c, 0x3c, 0x3e, 0x2f, 0x3f]
      tokens = letters.map { alphabet[$0] } + ["th", "he", "the", "\u{120}a"]
      specials = ["<s>", "</s>", "<unk>"]
    }
  }

  private var merges: [String] { tokens.count < 200 ? ["t h", "h e", "th e", "\u{120} a"] : [] }
  private var end: String { specials.contains("</s>") ? "</s>" : "<|return|>" }

  var json: JSON {
    var vocabulary = JSONObject()
    for (id, token) in tokens.enumerated() { vocabulary[token] = .integer(id) }
    let added: [JSON] = specials.enumerated().map { index, text in
      [
        "id": .integer(tokens.count + index), "content": .string(text), "special": true, "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false,
      ]
    }
    return [
      "version": "1.0", "added_tokens": .array(added), "normalizer": .null,
      "pre_tokenizer": [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
      ],
      "post_processor": .null,
      "decoder": ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true],
      "model": [
        "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
        "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": .object(vocabulary), "merges": .array(merges.map { .string($0) }),
      ],
    ]
  }

  var settings: JSON {
    [
      "bos_token": .string(specials[0]), "eos_token": .string(end), "add_bos_token": false,
      "chat_template": .string(Self.template), "tokenizer_class": "PreTrainedTokenizerFast",
    ]
  }

  var generation: JSON {
    [
      "eos_token_id": .array([.integer(tokens.count + 1)]), "bos_token_id": .integer(tokens.count),
      "temperature": 0.6, "top_p": 0.95, "top_k": 20, "do_sample": true, "repetition_penalty": 1.05,
    ]
  }

  /// The metadata of a GGUF file.
  var metadata: [(String, GGUFBytes.Value)] {
    [
      ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string("gpt-2")),
      ("tokenizer.ggml.tokens", .strings(all)),
      ("tokenizer.ggml.token_type", .integers(tokens.map { _ in 1 } + specials.map { _ in 3 })),
      ("tokenizer.ggml.merges", .strings(merges)),
      ("tokenizer.ggml.bos_token_id", .integer(Int32(tokens.count))),
      ("tokenizer.ggml.eos_token_id", .integer(Int32(tokens.count + 1))),
      ("tokenizer.chat_template", .string(Self.template)),
    ]
  }
}
