extension WordPattern {
  /// The pattern that a regular expression of a tokenizer.json is; nil for one that is not known. Expressions
  /// are compared as they are written, so nothing is ever guessed.
  static func of(_ expression: String) -> WordPattern? {
    expressions.first { $0.expression == expression }?.pattern
  }

  /// The expressions in use, and the same written in other ways.
  static let expressions: [(expression: String, pattern: WordPattern)] = {
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let folded = "'(?i:[sdmt]|ll|ve|re)"
    let lead = #"[^\r\n\p{L}\p{N}]?"#
    let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    let others = #" ?[^\s\p{L}\p{N}]+"#
    let cased1 = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
    let cased2 = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
    let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"#
    // `\s*[\r\n]` takes what `\s*[\r\n]+` takes: both end after the last line break of the space.
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
  /// The step that a regular expression is which keeps some characters apart; nil for one that is not known.
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
