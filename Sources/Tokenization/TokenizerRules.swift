/// What a tokenizer does besides merging: how text is prepared, cut and surrounded, and which tokens mean
/// what. Lies in a compiled vocabulary as a row of numbers (`TokenizerRules+Words.swift`).
struct TokenizerRules: Equatable, Sendable {
  /// What merging starts from.
  enum Alphabet: UInt8, Sendable {
    /// Bytes.
    case bytes
    /// Characters, with spaces written ▁; those that are no tokens are written as bytes.
    case characters
  }

  /// A change to the text before it is cut.
  enum Normalization: UInt32, Sendable {
    /// Unicode's canonical composition.
    case composed
    /// A space before text that does not start with one.
    case prefixSpace
    /// ▁ before every stretch of text.
    case prefixMark
    /// ▁ before every stretch of text that does not start with one.
    case unlessPrefixMark
    /// The same before the first stretch of text only.
    case firstPrefixMark
    /// Every space to ▁.
    case marksForSpaces
  }

  var alphabet = Alphabet.bytes
  var normalization: [Normalization] = []
  var preTokenization: [PreTokenization] = []
  /// Whether all merges come in the order in which tokens are made of smaller ones. Found by the compiler; it
  /// is what `BlockMerger` rests on.
  var isOrdered = false
  /// Whether neighbouring characters without token are one unknown token.
  var fusesUnknown = false
  /// Whether decoding drops the first space, which `prefixMark` has put there.
  var dropsFirstSpace = false
  /// What `encode` puts around a text when asked for special tokens.
  var prefix: [UInt32] = []
  var suffix: [UInt32] = []
  var beginning: UInt32?
  var end: UInt32?
  var unknown: UInt32?
  var padding: UInt32?
  /// All tokens that end a turn or a text, `end` among them.
  var endOfGeneration: [UInt32] = []
}
