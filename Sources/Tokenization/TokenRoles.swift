/// The traits of a vocabulary's tokens, with those that the chat template marks as control tokens.
struct TokenRoles: Sendable {
  let vocabulary: Vocabulary
  /// Added tokens that are control tokens although the vocabulary's files do not say so.
  let controls: Set<UInt32>
  /// Control tokens that decoding does not skip: the tags around a model's reasoning.
  var visible: Set<UInt32> = []

  /// The traits of a token. Requires an id below the vocabulary's count.
  func traits(of id: UInt32) -> TokenTraits {
    let traits = vocabulary.traits(of: id)
    return !controls.isEmpty && controls.contains(id) ? traits.union(.special) : traits
  }
}
