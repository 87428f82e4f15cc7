import Synchronization

/// Encodes text into tokens and decodes tokens into text.
///
/// Encoding takes time linear in the text (n log n for vocabularies whose merges are not in order); decoding
/// copies each token's bytes. Thread-safe.
public final class Tokenizer: Sendable {
  let vocabulary: Vocabulary
  /// The buffers of an encoder that is not in use.
  private let idle = Mutex<EncoderState?>(nil)
  let roles: TokenRoles
  /// Finds the added tokens that are matched in the original text, before normalization.
  private let added: AddedTokenFinder
  /// Finds those that are matched in normalized text.
  private let normalizedAdded: AddedTokenFinder
  /// The special ones of these, which text can contain in their original form.
  private let normalizedSpecial: [UInt32]

  /// - Parameters:
  ///   - controls: added tokens that are to be control tokens and to end generation.
  ///   - visible: control tokens that decoding does not skip.
  init(_ vocabulary: Vocabulary, controls: Set<UInt32> = [], visible: Set<UInt32> = []) {
    self.vocabulary = vocabulary
    let roles = TokenRoles(vocabulary: vocabulary, controls: controls, visible: visible)
    self.roles = roles
    let ids = (0..<UInt32(vocabulary.count)).filter { vocabulary.traits(of: $0).contains(.added) }
    added = AddedTokenFinder(roles, isNormalized: false, among: ids)
    normalizedAdded = AddedTokenFinder(roles, isNormalized: true, among: ids)
    normalizedSpecial = ids.filter { roles.traits(of: $0).isSuperset(of: [.special, .normalized]) }
  }

  /// The same tokenizer, for which some added tokens are control tokens that end generation: those with
  /// which a model's chat template ends the assistant's turn. Ids of other tokens are ignored.
  public func endingGeneration(at ids: [Int32]) -> Tokenizer {
    let controls = Set(ids.compactMap(index)).filter { vocabulary.traits(of: $0).contains(.added) }
    let new = controls.subtracting(vocabulary.rules.endOfGeneration)
    return new.isEmpty
      ? self : Tokenizer(vocabulary, controls: roles.controls.union(controls), visible: roles.visible)
  }

  /// The same tokenizer, whose decoding does not skip the control tokens with these texts: the tags around the
  /// reasoning, which separate it from the answer.
  public func showing(_ texts: [String]) -> Tokenizer {
    let ids = Set(texts.compactMap { id(of: $0).flatMap(index) }).filter {
      roles.traits(of: $0).contains(.special)
    }
    return ids.isEmpty
      ? self : Tokenizer(vocabulary, controls: roles.controls, visible: roles.visible.union(ids))
  }

  /// The number of tokens; ids are `0..<vocabularyCount`.
  public var vocabularyCount: Int { vocabulary.count }
  /// The BOS token, if the vocabulary has one.
  public var bosToken: Int32? { vocabulary.rules.bos.map { Int32($0) } }
  /// The EOS token, if the vocabulary has one.
  public var eosToken: Int32? { vocabulary.rules.eos.map { Int32($0) } }
  /// The padding token, if the vocabulary has one.
  public var paddingToken: Int32? { vocabulary.rules.padding.map { Int32($0) } }
  /// All tokens that end generation: end of text, end of turn, tool call. Ascending.
  public var endOfGenerationTokens: [Int32] {
    roles.controls.union(vocabulary.rules.endOfGeneration).sorted().map { Int32($0) }
  }

  /// The tokens of a text.
  /// - Parameters:
  ///   - addSpecial: whether to add the special tokens that the model expects around a text, such as BOS.
  ///   - parseSpecial: whether special tokens written in the text, such as "<|im_end|>", are encoded as those
  ///     tokens. Must be false for untrusted text.
  ///   - quoted: UTF-8 offsets, ascending. A special token that contains the byte at one of them is encoded as
  ///     plain text.
  public func encode(
    _ text: String, addSpecial: Bool, parseSpecial: Bool, quoted: some Sequence<Int> = EmptyCollection()
  ) -> [Int32] {
    var text = text
    return text.withUTF8 { encodeValid($0, addSpecial, parseSpecial, quoted) }
  }

  private func encodeValid(
    _ text: UnsafeBufferPointer<UInt8>, _ addSpecial: Bool, _ parseSpecial: Bool, _ quoted: some Sequence<Int>
  ) -> [Int32] {
    let memory = idle.withLock { $0.take() } ?? EncoderState()
    memory.encoder.clear()
    if addSpecial {
      for token in vocabulary.rules.prefix { memory.encoder.append(token) }
    }
    added.forEachPart(text, parseSpecial: parseSpecial, quoted: quoted) { stretch, token in
      let part = UnsafeBufferPointer(rebasing: text[stretch])
      if let token {
        memory.encoder.append(token)
      } else if normalizedAdded.isEmpty {
        memory.encoder.append(part, vocabulary, isFirst: stretch.lowerBound == 0)
      } else {
        memory.encoder.append(
          part, vocabulary, isFirst: stretch.lowerBound == 0, normalizedAdded, parseSpecial: parseSpecial,
          quoted: quoted.lazy.filter { stretch.contains($0) }.map { $0 - stretch.lowerBound })
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

  /// The special tokens that occur in a text, by the UTF-8 offset at which they start.
  public func specialTokens(in text: String) -> [Int: Int32] {
    var text = text
    var found: [Int: Int32] = [:]
    text.withUTF8 { text in
      added.forEachSpecial(text) { found[$0] = Int32($1) }
      guard !normalizedSpecial.isEmpty else { return }
      for position in text.indices where found[position] == nil {
        let rest = text[position...]
        let token = normalizedSpecial.last {
          vocabulary.length($0) > 0 && rest.starts(with: vocabulary.token($0))
        }
        if let token { found[position] = Int32(token) }
      }
    }
    return found
  }

  /// Whether a token is a control token. False for ids outside the vocabulary.
  public func isSpecial(_ id: Int32) -> Bool {
    index(id).map { roles.traits(of: $0).contains(.special) } ?? false
  }

  /// Whether a token is matched in text as a whole. False for ids outside the vocabulary.
  public func isAdded(_ id: Int32) -> Bool {
    index(id).map { roles.traits(of: $0).contains(.added) } ?? false
  }

  /// The token with exactly this text, special or not, as the vocabulary spells it (with ▁ where it uses
  /// that).
  public func id(of token: String) -> Int32? {
    var token = token
    return token.withUTF8 { vocabulary.name($0) }.map { Int32($0) }
  }

  /// The token's index in the tables; nil for ids outside the vocabulary.
  func index(_ id: Int32) -> UInt32? { id >= 0 && id < vocabulary.count ? UInt32(id) : nil }
}

/// An encoder that is reused between calls. `@unchecked Sendable`: only one call at a time uses it.
private final class EncoderState: @unchecked Sendable {
  var encoder = TextEncoder()
}
