/// The layout of a compiled vocabulary: one block without pointers, the same in memory and in the cache file,
/// so that it can be mapped.
///
///     header (64 bytes) | section table (16 bytes each) | sections, each at a multiple of 64 bytes
///
/// All numbers have the machine's byte order; a file of the other order has a wrong magic number.
package enum VocabularyLayout {
  /// "SottoVoc" in the machine's byte order.
  static let magic: UInt64 = 0x536F_7474_6F56_6F63
  /// Must be incremented whenever the meaning of any byte changes, so that older cache files are ignored.
  static let version: UInt64 = 6

  // Positions of the header's eight 64-bit words.
  static let magicWord = 0
  static let versionWord = 1
  /// The length of the whole block in bytes.
  static let lengthWord = 2
  /// The XXH64 hash of everything after the header.
  package static let checksumWord = 3
  /// The two words of the sources' `ContentKey`.
  static let keyWord = 4
  package static let headerBytes = 64
  static let alignment = 64

  /// "None" in every 32-bit table: no token, no node.
  static let none = UInt32.max
  /// The bits of a token id in `pairs` and `pieces`.
  static let idBits = 21
  /// The bits of a rank.
  static let rankBits = 22
  /// The largest numbers of tokens, merges and trie nodes that the tables can represent.
  static let maximumTokens = 1 << idBits - 1
  static let maximumMerges = 1 << rankBits - 1
  static let maximumNodes = 1 << 22 - 1
}

/// The tables of a compiled vocabulary, in file order.
enum VocabularySection: Int, CaseIterable {
  /// UInt8: the concatenated bytes of all tokens.
  case bytes
  /// UInt32, one more than there are tokens: the offset of each token's bytes.
  case starts
  /// `TokenEntry` for each token.
  case tokens
  /// `TokenTraits` (one byte) for each token.
  case traits
  /// UInt32 slots: the tokens that a whole piece can be (`PieceTable`).
  case pieces
  /// UInt32 slots: all other tokens by their bytes (`PieceTable`).
  case names
  /// UInt64 slots: the ranks of merges (`PairTable`).
  case pairs
  /// UInt32: the resulting token for each rank; empty where ranks are token ids.
  case merged
  /// UInt32, 65,536: the rank of the merge of two bytes' tokens (or `PairTable.none`), the first byte in the
  /// high bits.
  case bytePairs
  /// UInt64 slots: the trie of added tokens that are matched in the original text (`TokenTrie`).
  case addedEdges
  /// UInt64 slots: the trie of added tokens that are matched in normalized text, by their normalized text.
  case normalizedEdges
  /// UInt32, 256: the token of each byte.
  case byteTokens
  /// UInt64 slots: the trie of all tokens by their bytes (`TokenTrie`), for vocabularies without merges.
  case pieceEdges
  /// Double: the scores of a unigram model, and that of an unknown character; empty for other vocabularies.
  case scores
  /// UInt8: the bytes of the `CharacterMap`; empty for other vocabularies.
  case characterMap
  /// UInt32: the serialized `TokenizerRules`.
  case rules

  /// Bytes of an element.
  var stride: Int {
    switch self {
    case .bytes, .traits, .characterMap: 1
    case .starts, .pieces, .names, .merged, .bytePairs, .byteTokens, .rules: 4
    case .pairs, .addedEdges, .normalizedEdges, .pieceEdges, .scores: 8
    case .tokens: MemoryLayout<TokenEntry>.stride
    }
  }
}

/// How a token is produced by merging.
struct TokenEntry {
  /// The two tokens whose merge produces it when its bytes are encoded alone; `none` for single bytes and
  /// characters, and for tokens that merging never produces.
  var left: UInt32
  var right: UInt32
  /// The rank of that merge plus one; 0 if there is none.
  var order: UInt32
}

/// Properties of a token.
struct TokenTraits: OptionSet, Sendable {
  let rawValue: UInt8

  /// A control token, such as the end of a turn: not text, and matched in text only with `parseSpecial`.
  static let special = TokenTraits(rawValue: 1 << 0)
  /// Matched in text as a whole before anything else.
  static let added = TokenTraits(rawValue: 1 << 1)
  /// Represents one byte, written <0xXX>.
  static let byte = TokenTraits(rawValue: 1 << 2)
  /// Takes part in merging.
  static let mergeable = TokenTraits(rawValue: 1 << 3)
  /// An added token that absorbs the white space before it (`lstrip`).
  static let stripsLeft = TokenTraits(rawValue: 1 << 4)
  /// An added token that absorbs the white space after it (`rstrip`).
  static let stripsRight = TokenTraits(rawValue: 1 << 5)
  /// An added token that is matched only between characters that are not word characters (`single_word`).
  static let singleWord = TokenTraits(rawValue: 1 << 6)
  /// An added token that is matched in normalized text (`normalized`).
  static let normalized = TokenTraits(rawValue: 1 << 7)
}
