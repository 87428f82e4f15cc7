/// What a tokenizer does besides merging: normalization, pre-tokenization, the special tokens and those added
/// around a text. Stored in a compiled vocabulary as an array of 32-bit values
/// (`TokenizerRules+Serialization.swift`).
struct TokenizerRules: Equatable, Sendable {
  /// The symbols that merging starts with.
  enum Alphabet: UInt8, Sendable {
    /// Bytes.
    case bytes
    /// Characters, with spaces replaced by ▁; characters without a token fall back to bytes.
    case characters
  }

  /// A change to the text before pre-tokenization.
  enum Normalization: UInt32, Sendable {
    /// Unicode normalization form C.
    case nfc
    /// Prepends a space to text that does not start with one.
    case prependSpace
    /// Prepends ▁ to every stretch of text.
    case prependMetaspace
    /// Prepends ▁ to every stretch of text that does not start with one.
    case prependMetaspaceIfMissing
    /// Prepends ▁ to the first stretch of the text if it does not start with one.
    case prependMetaspaceAtStart
    /// Replaces every space by ▁.
    case replaceSpaces
    /// Replaces runs of spaces by one, and removes those at the start and the end.
    case collapseSpaces
    /// Replaces the longest keys of the vocabulary's `CharacterMap`, as SentencePiece does.
    case mapCharacters
    /// Replaces graphemes and characters by the vocabulary's `CharacterMap`, as the `tokenizers` library does.
    case mapGraphemes
    /// Removes white space at the end.
    case stripEnd
    /// Removes every ▁ at the end: SentencePiece removes spaces there after it has replaced them.
    case stripEndMarks
    /// Replaces runs of at least two spaces by one ▁.
    case markSpaceRuns
    /// Replaces runs of at least two spaces by one.
    case joinSpaceRuns
  }

  /// How a piece of text is divided into tokens.
  enum Segmentation: UInt32, Sendable {
    /// By merging the most frequent pairs (BPE).
    case merges
    /// With the highest sum of the tokens' scores (SentencePiece's unigram models).
    case unigram
    /// Always the longest token (RWKV's world vocabulary).
    case longest
    /// With the highest sum of the tokens' scores, found from the end of the text; characters without a token fall back to
    /// bytes (PLaMo 2).
    case unigramFromEnd
    /// As `unigram`, with sums that are rounded to 32 bits as SentencePiece 0.2.3 does: in long runs of one
    /// character the rounding decides between divisions of almost equal sums.
    case unigramInSingle
  }

  var segmentation = Segmentation.merges
  var alphabet = Alphabet.bytes
  var normalization: [Normalization] = []
  /// The number of steps at the start of `normalization` that precede the matching of added tokens with
  /// `normalized`; the others belong to the pre-tokenizer.
  var normalizerStepCount = 0
  var preTokenization: [PreTokenization] = []
  /// Whether each token's merge has a higher rank than those of its parts. Determined by the compiler;
  /// required by `BlockMerger`.
  var isOrdered = false
  /// Whether consecutive unknown characters become one unknown token (`fuse_unk`).
  var fusesUnknown = false
  /// Whether decoding removes the first space, which `prependMetaspace` added.
  var stripsLeadingSpace = false
  /// The tokens that `encode` adds around a text with `addSpecial`.
  var prefix: [UInt32] = []
  var suffix: [UInt32] = []
  var bos: UInt32?
  var eos: UInt32?
  var unknown: UInt32?
  var padding: UInt32?
  /// All tokens that end a turn or a text, `eos` included.
  var endOfGeneration: [UInt32] = []
}
