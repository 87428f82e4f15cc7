/// One of the regular expressions that cut text into words before byte-pair merging.
///
/// They all descend from GPT-2's, and are the alternatives of it in the same order with a few differences:
///
///     contraction | lead? letters | number | " "? others tail | \s*[\r\n]+ | \s+(?!\S) | \s+
///
/// so that one scanner (`WordScanner`) serves them all. The last two leave the last space of several to the
/// word after it.
struct WordPattern: Equatable, Sendable {
  /// English contractions: `'s|'t|'re|'ve|'m|'ll|'d`.
  enum Contractions: UInt8, Sendable {
    case none
    /// Words of their own, lower case only.
    case lowercase
    /// Words of their own, with `(?i:)`, which counts "ſ" as an s.
    case anyCase
    /// The end of a word, with `(?i:)`.
    case suffix
  }
  /// What a word may start with.
  enum Lead: UInt8, Sendable {
    /// ` ?`
    case space
    /// `[^\r\n\p{L}\p{N}]?`
    case anyButLineBreak
  }
  /// What a word is made of.
  enum Letters: UInt8, Sendable {
    /// `\p{L}+`
    case letters
    /// `[\p{L}\p{M}]+`, and marks are no longer among the others.
    case lettersAndMarks
    /// o200k's two alternatives, which start a new word where lower case turns into upper case.
    case cased
  }
  /// Runs of numbers.
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
  /// What may follow a run of other characters.
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
  /// Whether spaces up to the last line break of several are a word: `\s*[\r\n]+`.
  var lineBreaks: Bool
  /// Whether all space at the end of the text is one word, line breaks or not: `\s++$`.
  var wholeEnd = false

  /// GPT-2, and most of the older byte-level vocabularies.
  static let gpt2 = WordPattern(
    contractions: .lowercase, lead: .space, letters: .letters, numbers: .spaceAndRun, tail: .none,
    lineBreaks: false)
  /// Llama 3, GPT-4 as first published, GLM 4.
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
  /// GPT-4 as tiktoken has it now.
  static let cl100k: WordPattern = {
    var pattern = llama3
    pattern.wholeEnd = true
    return pattern
  }()

  /// GPT-2 and its successors as tiktoken has them now.
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
