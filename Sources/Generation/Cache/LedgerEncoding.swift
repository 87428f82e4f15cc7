import Tokenization

/// Encodes a prompt such that the prefix that the cache holds keeps its token ids.
///
/// A model can generate other tokens than the tokenizer would produce for the same text, so encoding an answer again
/// could miss the cache. If the text of held tokens is a prefix of the prompt up to one of their special tokens, the
/// held ids are used up to there, and only the rest is encoded. (Special tokens are never merged with their
/// neighbours.) The longest such prefix is used.
package enum LedgerEncoding<Value> {
  /// The prompt's token ids.
  package static func encode(
    _ text: PromptText, held: PrefixTree<Value>, tokenizer: Tokenizer
  ) -> [Int32] {
    var best = Reach()
    var waiting = [(node: held.root, reach: Reach())]
    while let (node, reach) = waiting.popLast() {
      for child in node.children.values {
        var reach = reach
        let isWhole = reach.follow(child.edge, in: text, tokenizer)
        if reach.kept.count > 0, best.kept.count == 0 || reach.kept.position > best.kept.position {
          best = reach
        }
        if isWhole { waiting.append((child, reach)) }
      }
    }
    guard best.kept.count > 0 else { return text.encode(from: 0, tokenizer) }
    // The special token is encoded again with the text after it: at the start of a text, some vocabularies add a
    // space, and some special tokens remove the spaces after them.
    let rest = text.encode(from: best.kept.position, tokenizer)
    guard rest.first == best.tokens[best.kept.count - 1] else { return text.encode(from: 0, tokenizer) }
    return Array(best.tokens[..<best.kept.count]) + rest.dropFirst()
  }

  /// How far a held sequence's text matches the prompt's.
  private struct Reach {
    var tokens: [Int32] = []
    var position = 0
    /// The number of tokens up to and including the last special token, and the text position of that token.
    var kept: (count: Int, position: Int) = (0, 0)

    /// - Returns: whether the text of all tokens matches.
    mutating func follow(_ edge: [Int32], in text: PromptText, _ tokenizer: Tokenizer) -> Bool {
      for id in edge {
        let bytes = tokenizer.bytes(of: id)
        let isSpecial = tokenizer.isSpecial(id)
        guard text.holds(bytes, of: id, isSpecial: isSpecial, at: position) else { return false }
        tokens.append(id)
        if isSpecial { kept = (tokens.count, position) }
        position = text.end(of: id, from: position + bytes.count, tokenizer)
      }
      return true
    }
  }
}

/// A prompt's text with the positions of its special tokens.
package struct PromptText {
  private let bytes: [UInt8]
  /// The segments with their offsets; nil if special tokens are recognised in the text.
  private let pieces: [(offset: Int, segment: PromptSegment)]?
  /// Offsets of text that looks like a special token but is quoted.
  private let quoted: [Int]
  /// Special tokens by offset.
  private let specials: [Int: Int32]

  /// A rendered chat template.
  package init(_ rendered: RenderedText, _ tokenizer: Tokenizer) {
    bytes = Array(rendered.text.utf8)
    pieces = nil
    quoted = rendered.quoted
    var specials = tokenizer.specialTokens(in: rendered.text)
    for place in quoted { specials[place] = nil }
    self.specials = specials
  }

  /// Special tokens, and text in which special tokens are not recognised.
  package init(_ segments: [PromptSegment], _ tokenizer: Tokenizer) {
    var bytes: [UInt8] = []
    var pieces: [(offset: Int, segment: PromptSegment)] = []
    var specials: [Int: Int32] = [:]
    for segment in segments {
      pieces.append((bytes.count, segment))
      switch segment {
      case .text(let text): bytes += Array(text.utf8)
      case .token(let id):
        specials[bytes.count] = id
        bytes += tokenizer.bytes(of: id)
      }
    }
    self.bytes = bytes
    self.pieces = pieces
    quoted = []
    self.specials = specials
  }

  /// Whether a token starts at an offset.
  func holds(_ token: [UInt8], of id: Int32, isSpecial: Bool, at position: Int) -> Bool {
    guard bytes[position...].starts(with: token) else { return false }
    if isSpecial { return specials[position] == id }
    // Quoted special tokens are text, and ordinary tokens do not overlap special tokens.
    return !token.indices.contains { specials[position + $0] != nil }
  }

  /// The end of a token whose bytes end at `position`, including the spaces that it removes.
  func end(of id: Int32, from position: Int, _ tokenizer: Tokenizer) -> Int {
    guard pieces == nil, tokenizer.absorbsSpacesAfter(id) else { return position }
    return position + tokenizer.leadingSpaceCount(in: bytes[position...])
  }

  /// Encodes the text from an offset, which is the start or that of a special token. Segments are encoded separately.
  func encode(from start: Int, _ tokenizer: Tokenizer) -> [Int32] {
    guard let pieces else {
      return tokenizer.encode(
        String(decoding: bytes[start...], as: UTF8.self), addSpecial: false, parseSpecial: true,
        quoted: quoted.lazy.filter { $0 >= start }.map { $0 - start })
    }
    return pieces.drop { $0.offset < start }.flatMap { piece in
      switch piece.segment {
      case .token(let id): [id]
      case .text(let text): tokenizer.encode(text, addSpecial: false, parseSpecial: false)
      }
    }
  }
}
