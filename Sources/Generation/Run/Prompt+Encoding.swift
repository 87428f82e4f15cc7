import Tokenization

extension Prompt {
  /// The prompt's token ids, using held ids where they match, and the message boundaries in tokens.
  func encoded(
    tokenizer: Tokenizer?, held: PromptCache.Tree
  ) throws(GenerationError) -> (tokens: [Int32], boundaries: [Int]) {
    if case .tokens(let tokens) = content { return (tokens, boundaries) }
    guard let tokenizer else { throw .noTokenizer }
    let tokens = LedgerEncoding.encode(text(tokenizer), held: held, tokenizer: tokenizer)
    return (tokens, Self.positions(of: boundaries, in: tokens, tokenizer))
  }

  /// The number of token ids of the prompt alone, without those of a cache.
  package func tokenCount(_ tokenizer: Tokenizer) -> Int {
    if case .tokens(let tokens) = content { return tokens.count }
    return text(tokenizer).encode(from: 0, tokenizer).count
  }

  private func text(_ tokenizer: Tokenizer) -> PromptText {
    switch content {
    case .tokens(let tokens): PromptText(tokens.map { .token($0) }, tokenizer)
    case .rendered(let text): PromptText(text, tokenizer)
    case .segments(let segments): PromptText(segments, tokenizer)
    }
  }

  /// The last tokens that start at or before these offsets.
  private static func positions(
    of offsets: [Int], in tokens: [Int32], _ tokenizer: Tokenizer
  ) -> [Int] {
    var result: [Int] = []
    var offset = 0
    var waiting = offsets[...]
    for (index, id) in tokens.enumerated() {
      guard let wanted = waiting.first else { break }
      let end = offset + tokenizer.bytes(of: id).count
      if wanted < end {
        if result.last != index { result.append(index) }
        waiting = waiting.drop { $0 < end }
      }
      offset = end
    }
    return result
  }
}
