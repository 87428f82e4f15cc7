// The patterns of models that have no scanner of their own, as in their tokenizer.json, or, for Kimi, in the code beside its
// vocabulary.
extension NamedPreTokenizer {
  /// The steps of a name; nil for an unknown name.
  static func expressions(gguf name: String) -> [String]? {
    switch name {
    case "deepseek-llm":
      [
        "[\r\n]",
        latinWords,
        #"\s?[!-/:-~！-／：-～‘-‟　-。]+"#, #"\s+$"#, "[一-龥ࠀ-一가-퟿]+", #"\p{N}+"#,
      ]
    case "deepseek-coder": ["[\r\n]", #"\s?\p{L}+"#, #"\s?\p{P}+"#, "[一-龥ࠀ-一가-퟿]+", #"\p{N}"#]
    case "kimi-k2": [kimi]
    case "seed-coder":
      [
        #"\#(contractions)|\#(lead)\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"#
      ]
    case "exaone-moe":
      [
        #"\#(contractions)|\#(lead)(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?"#
          + #"|\s*[\r\n]|\s+(?!\S)|\s+"#
      ]
    case "minicpm5":
      [#"\p{N}{1,3}"#, #"\#(contractions)|\#(lead)\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(spaces)"#]
    case "ufakzeka": [#"\#(lead)\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(spaces)"#]
    case "laguna":
      [
        #"[^\n]+|[\n]+"#,
        #"\#(contractions)|\#(lead)\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(spaces)"#,
      ]
    case "tiny_aya", "cohere2moe": [#"\d{1,3}(?=(?:\d{3})*\b)"#, "\(cased)|\\p{N}{1,3}\(signsAndSpaces)"]
    case "youtu":
      [
        "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
        "\(cased)|\\p{N}\(signsAndSpaces)",
      ]
    case "superbpe": [#"\p{N}+"#, #"(?=(\d{3})+(?!\d))"#]
    case "poro-chat", "bloom", "gpt3-finnish": [words]
    case "viking": [words, #"\p{N}"#]
    default: nil
    }
  }

  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  private static let lead = #"[^\r\n\p{L}\p{N}]?"#
  private static let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let words = #" ?[^(\s|.,!?…。，、।۔،)]+"#
  private static let signsAndSpaces = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\#(spaces)"#
  private static let cased =
    #"\#(lead)[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+\#(contractions)?"#
    + #"|\#(lead)[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*\#(contractions)?"#

  /// DeepSeek's list of the letters with case. Those with a canonical equivalent are escaped, so that no tool replaces
  /// them by it.
  private static let latinWords =
    #"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫ"#
    + #"ᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\#u{1F7D}ᾀ-ᾴᾶ-ᾼ\#u{1FBE}ῂ-ῄῆ-ῌῐ-\#u{1FD3}ῖ-"#
    + #"\#u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\#u{2126}ℨ\#u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲ"#
    + #"ⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"#

  /// Kimi K2's and Kimi Linear's: GPT-4o's pattern with runs of Chinese characters apart.
  static let kimi =
    #"[\p{Han}]+|\#(lead)[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"#
    + #"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+\#(contractions)?"#
    + #"|\#(lead)[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"#
    + #"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*\#(contractions)?"#
    + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\#(spaces)"#
}
