import Synchronization

/// Text to tokens and back.
///
/// Encoding takes time linear in the text, whatever it holds (n log n for vocabularies whose merges are out
/// of order); decoding is a copy of each token's bytes. All of it can be called from any thread.
public final class Tokenizer: Sendable {
  let vocabulary: Vocabulary
  /// An encoder that is not in use, with its memory.
  private let idle = Mutex<EncoderMemory?>(nil)
  private let special: AddedTokenFinder
  private let plain: AddedTokenFinder

  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    special = AddedTokenFinder(vocabulary, parseSpecial: true)
    plain = AddedTokenFinder(vocabulary, parseSpecial: false)
  }

  /// How many tokens there are; their ids are `0..<vocabularyCount`.
  public var vocabularyCount: Int { vocabulary.count }
  /// The token that starts a text, if the vocabulary has one.
  public var bosToken: Int32? { vocabulary.rules.beginning.map { Int32($0) } }
  /// The token that ends a text, if the vocabulary has one.
  public var eosToken: Int32? { vocabulary.rules.end.map { Int32($0) } }
  /// The token that fills up batches, if the vocabulary has one.
  public var paddingToken: Int32? { vocabulary.rules.padding.map { Int32($0) } }
  /// All tokens at which generation ends: the end of a text, of a turn, of a call. Ascending.
  public var endOfGenerationTokens: [Int32] { vocabulary.rules.endOfGeneration.map { Int32($0) } }

  /// The tokens of a text.
  /// - Parameters:
  ///   - addSpecial: whether to put around it what the model expects, such as a token that starts a text.
  ///   - parseSpecial: whether special tokens written out in the text, such as "<|im_end|>", become those
  ///     tokens. Text from outside must not have that power.
  ///   - quoted: UTF-8 offsets, in rising order, where it does not.
  public func encode(
    _ text: String, addSpecial: Bool, parseSpecial: Bool, quoted: some Sequence<Int> = EmptyCollection()
  ) -> [Int32] {
    var text = text
    return text.withUTF8 { encodeValid($0, addSpecial, parseSpecial, quoted) }
  }

  private func encodeValid(
    _ text: UnsafeBufferPointer<UInt8>, _ addSpecial: Bool, _ parseSpecial: Bool, _ quoted: some Sequence<Int>
  ) -> [Int32] {
    let memory = idle.withLock { $0.take() } ?? EncoderMemory()
    memory.encoder.clear()
    if addSpecial {
      for token in vocabulary.rules.prefix { memory.encoder.append(token) }
    }
    let finder = parseSpecial ? special : plain
    finder.forEachPart(text, quoted: quoted) { stretch, token in
      if let token {
        memory.encoder.append(token)
      } else {
        memory.encoder.append(
          UnsafeBufferPointer(rebasing: text[stretch]), vocabulary, isFirst: stretch.lowerBound == 0)
      }
    }
    if addSpecial {
      for token in vocabulary.rules.suffix { memory.encoder.append(token) }
    }
    let tokens = memory.encoder.output.array()
    memory.encoder.trim()
    idle.withLock { $0 = memory }
    return tokens
  }

  /// The special tokens that a text reads like, by the UTF-8 offsets where they begin.
  public func specialTokens(in text: String) -> [Int: Int32] {
    var text = text
    var found: [Int: Int32] = [:]
    text.withUTF8 { special.forEachSpecial($0) { found[$0] = Int32($1) } }
    return found
  }

  /// Whether a token is a control token, which is not text. False for ids that are no token.
  public func isSpecial(_ id: Int32) -> Bool {
    index(id).map { vocabulary.traits(of: $0).contains(.special) } ?? false
  }

  /// The token that is written exactly like this, special or not; for vocabularies with ▁ as they have it.
  public func id(of token: String) -> Int32? {
    var token = token
    return token.withUTF8 { vocabulary.name($0) }.map { Int32($0) }
  }

  /// The number of a token in the tables; nil for ids that are no token.
  func index(_ id: Int32) -> UInt32? { id >= 0 && id < vocabulary.count ? UInt32(id) : nil }
}

/// An encoder that goes from call to call; unchecked, because only one call at a time has it.
private final class EncoderMemory: @unchecked Sendable {
  var encoder = TextEncoder()
}
