/// How a compiled vocabulary lies in memory: one block without pointers, the same in memory and in the cache
/// folder, so that loading it is mapping it.
///
///     header (64 bytes) | table of sections (16 bytes each) | sections, each on a multiple of 64 bytes
///
/// All numbers have the machine's byte order; a file of the other order fails on its magic number.
package enum VocabularyLayout {
  /// "SottoVoc" in the machine's byte order.
  static let magic: UInt64 = 0x536F_7474_6F56_6F63
  /// To be raised whenever the meaning of any byte changes, so that older caches are made again.
  static let version: UInt64 = 2

  // Places of the header's eight 64-bit words.
  static let magicWord = 0
  static let versionWord = 1
  /// The length of the whole block in bytes.
  static let lengthWord = 2
  /// `ContentKey.checksum` of everything beyond the header.
  package static let checksumWord = 3
  /// The two words of the sources' `ContentKey`.
  static let keyWord = 4
  package static let headerBytes = 64
  static let alignment = 64

  /// "No such token", "no such node", "nothing here" in every 32-bit table.
  static let none = UInt32.max
  /// The number of the token that an entry of `pairs` or `pieces` holds has this many bits.
  static let idBits = 21
  /// Merges are numbered with this many bits.
  static let rankBits = 22
  /// The most tokens and merges that the tables can number, and the most nodes of a tree.
  static let maximumTokens = 1 << idBits - 1
  static let maximumMerges = 1 << rankBits - 1
  static let maximumNodes = 1 << 22 - 1
}

/// The tables of a compiled vocabulary, in the order in which they lie.
enum VocabularySection: Int, CaseIterable {
  /// UInt8: the bytes of all tokens, one after the other.
  case bytes
  /// UInt32, one more than there are tokens: where each token's bytes start.
  case starts
  /// `TokenEntry`, one a token.
  case tokens
  /// `TokenTraits`, one byte a token.
  case traits
  /// UInt32 slots: the tokens that a whole piece of text can be (`PieceTable`).
  case pieces
  /// UInt32 slots: all other tokens, by their bytes (`PieceTable`).
  case names
  /// UInt64 slots: which two tokens merge (`PairTable`).
  case pairs
  /// UInt32: the token that each merge makes; empty where merges have the numbers of their tokens.
  case merged
  /// UInt32, 65,536: the number of the merge of two bytes' tokens (or `PairTable.none`), the first byte's bits the higher.
  case bytePairs
  /// UInt64 slots: the tree of added tokens (`TokenTree`).
  case addedEdges
  /// UInt32, 256: the token of each byte.
  case byteTokens
  /// UInt32: `TokenizerRules` as numbers.
  case rules

  /// Bytes an element.
  var stride: Int {
    switch self {
    case .bytes, .traits: 1
    case .starts, .pieces, .names, .merged, .bytePairs, .byteTokens, .rules: 4
    case .pairs, .addedEdges: 8
    case .tokens: MemoryLayout<TokenEntry>.stride
    }
  }
}

/// How a token is made of smaller ones: what merging needs to know of it.
struct TokenEntry {
  /// The two tokens that merge into it when its bytes are encoded alone; `none` for single bytes and
  /// characters, and for tokens that merging never makes.
  var left: UInt32
  var right: UInt32
  /// One more than the number of that merge; 0 where there is none.
  var order: UInt32
}

/// What kind of token it is.
struct TokenTraits: OptionSet, Sendable {
  let rawValue: UInt8

  /// Control tokens, such as the end of a turn: not text, and matched in text only when asked for.
  static let special = TokenTraits(rawValue: 1 << 0)
  /// Matched in text as a whole before anything else.
  static let added = TokenTraits(rawValue: 1 << 1)
  /// Stands for one byte, written <0xXX>.
  static let byte = TokenTraits(rawValue: 1 << 2)
  /// Part of the vocabulary that merging works on.
  static let mergeable = TokenTraits(rawValue: 1 << 3)
  /// An added token that takes the spaces before it along.
  static let stripsLeft = TokenTraits(rawValue: 1 << 4)
  /// An added token that takes the spaces after it along.
  static let stripsRight = TokenTraits(rawValue: 1 << 5)
  /// An added token that is matched only where no word character is beside it.
  static let singleWord = TokenTraits(rawValue: 1 << 6)
  /// An added token that is matched after normalization.
  static let normalized = TokenTraits(rawValue: 1 << 7)
}
