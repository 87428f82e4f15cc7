/// One of the regular expressions that split text into words before byte-pair merging.
///
/// All are derived from GPT-2's: the same alternatives in the same order, with a few differences:
///
///     contraction | lead? letters | number | " "? others tail | \s*[\r\n]+ | \s+(?!\S) | \s+
///
/// so one scanner (`WordScanner`) implements them all. The last two alternatives leave the last space of a
/// run to the following word.
struct WordPattern: Equatable, Sendable {
  /// English contractions: `'s|'t|'re|'ve|'m|'ll|'d`.
  enum Contractions: UInt8, Sendable {
    case none
    /// Separate words, lower case only.
    case lowercase
    /// Separate words, with `(?i:)`, where "ſ" counts as an s.
    case anyCase
    /// The suffix of a word, with `(?i:)`.
    case suffix
  }
  /// The optional first character of a word.
  enum Lead: UInt8, Sendable {
    /// ` ?`
    case space
    /// `[^\r\n\p{L}\p{N}]?`
    case anyButLineBreak
  }
  /// The characters of a word.
  enum Letters: UInt8, Sendable {
    /// `\p{L}+`
    case letters
    /// `[\p{L}\p{M}]+`; marks are then not among `others`.
    case lettersAndMarks
    /// o200k's two alternatives, which start a new word where lower case changes to upper case.
    case cased
  }
  /// Numbers.
  enum Numbers: UInt8, Sendable {
    /// ` ?\p{N}+`
    case spaceAndRun
    /// `\p{N}`
    case single
    /// `\p{N}{1,3}`
    case upToThree
    /// `\p{N}+`
    case run
  }
  /// What may follow a run of `others`.
  enum Tail: UInt8, Sendable {
    case none
    /// `[\r\n]*`
    case lineBreaks
    /// `[\r\n/]*`
    case lineBreaksAndSlashes
  }

  var contractions: Contractions
  var lead: Lead
  var letters: Letters
  var numbers: Numbers
  var tail: Tail
  /// Whether white space up to its last line break is one word: `\s*[\r\n]+`.
  var lineBreaks: Bool
  /// Whether white space at the end of the text is one word: `\s++$`.
  var wholeEnd = false

  /// GPT-2, and most older byte-level vocabularies.
  static let gpt2 = WordPattern(
    contractions: .lowercase, lead: .space, letters: .letters, numbers: .spaceAndRun, tail: .none,
    lineBreaks: false)
  /// Llama 3, GLM 4, and GPT-4 as first published.
  static let llama3 = WordPattern(
    contractions: .anyCase, lead: .anyButLineBreak, letters: .letters, numbers: .upToThree, tail: .lineBreaks,
    lineBreaks: true)
  /// Qwen 2 and 3.
  static let qwen2 = llama3.with(numbers: .single)
  /// Qwen 3.5.
  static let qwen35 = WordPattern(
    contractions: .anyCase, lead: .anyButLineBreak, letters: .lettersAndMarks, numbers: .single,
    tail: .lineBreaks, lineBreaks: true)
  /// GPT-4o, GPT-OSS, Llama 4.
  static let o200k = WordPattern(
    contractions: .suffix, lead: .anyButLineBreak, letters: .cased, numbers: .upToThree,
    tail: .lineBreaksAndSlashes, lineBreaks: true)
  /// Mistral's tekken.
  static let tekken = WordPattern(
    contractions: .none, lead: .anyButLineBreak, letters: .cased, numbers: .single,
    tail: .lineBreaksAndSlashes, lineBreaks: true)
  /// GPT-4 in current versions of tiktoken.
  static let cl100k: WordPattern = {
    var pattern = llama3
    pattern.wholeEnd = true
    return pattern
  }()

  /// GPT-2 and its successors in current versions of tiktoken.
  static let gpt2WholeEnd: WordPattern = {
    var pattern = gpt2
    pattern.wholeEnd = true
    return pattern
  }()

  func with(numbers: Numbers) -> WordPattern {
    var pattern = self
    pattern.numbers = numbers
    return pattern
  }
}
