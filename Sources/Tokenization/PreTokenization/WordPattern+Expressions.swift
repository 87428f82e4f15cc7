extension WordPattern {
  /// The pattern for a regular expression of a tokenizer.json; nil for an unknown one. Expressions are
  /// compared literally, so none is misinterpreted.
  static func of(_ expression: String) -> WordPattern? {
    expressions.first { $0.expression == expression }?.pattern
  }

  /// The known expressions, including other spellings of the same pattern.
  static let expressions: [(expression: String, pattern: WordPattern)] = {
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let folded = "'(?i:[sdmt]|ll|ve|re)"
    let lead = #"[^\r\n\p{L}\p{N}]?"#
    let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    let others = #" ?[^\s\p{L}\p{N}]+"#
    let cased1 = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
    let cased2 = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
    let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"#
    // `\s*[\r\n]` matches the same as `\s*[\r\n]+`: both end after the last line break of the white space.
    return [
      (gpt2 + #"|\s+"#, .gpt2),
      (gpt2, .gpt2),
      (#"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2),
      (#"\#(contractions)|\#(lead)\p{L}+|\p{N}{1,3}|\#(others)[\r\n]*|\#(spaces)"#, .llama3),
      (#"\#(folded)|\#(lead)+\p{L}+|\p{N}{1,3}|\#(others)+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#, .llama3),
      (#"\#(contractions)|\#(lead)\p{L}+|\p{N}|\#(others)[\r\n]*|\#(spaces)"#, .qwen2),
      (#"\#(folded)|\#(lead)+\p{L}+|\p{N}|\#(others)+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#, .qwen2),
      (#"\#(contractions)|\#(lead)\p{L}+|\p{N}+|\#(others)[\r\n]*|\#(spaces)"#, .llama3.with(numbers: .run)),
      (
        #"\#(contractions)|\#(lead)[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\#(spaces)"#, .qwen35
      ),
      (
        #"\#(lead)\#(cased1)\#(contractions)?|\#(lead)\#(cased2)\#(contractions)?"#
          + #"|\p{N}{1,3}|\#(others)[\r\n/]*|\#(spaces)"#, .o200k
      ),
      (#"\#(lead)\#(cased1)|\#(lead)\#(cased2)|\p{N}|\#(others)[\r\n/]*|\#(spaces)"#, .tekken),
    ]
  }()
}

extension PreTokenization {
  /// The step for a regular expression that isolates some characters; nil for an unknown one.
  static func isolating(_ expression: String) -> PreTokenization? {
    switch expression {
    case #"\p{N}"#, #"\p{N}{1}"#: .numbers(group: 1)
    case #"\p{N}{1,3}"#: .numbers(group: 3)
    case #"\p{N}+"#: .numbers(group: 0)
    case "[0-9][0-9][0-9]": .digitTriples
    case "[一-龥\u{3040}-ゟ゠-ヿ]+": .runs(.chineseAndJapanese)
    case "[\r\n]", #"[\r\n]"#: .runs(.lineBreak)
    case deepSeek("\r\n"), deepSeek(#"\r\n"#): .deepSeekWords
    default: nil
    }
  }

  private static func deepSeek(_ lineBreaks: String) -> String {
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^"## + lineBreaks
      + #"\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+["# + lineBreaks + #"]*|\s*["# + lineBreaks
      + #"]+|\s+(?!\S)|\s+"#
  }
}
