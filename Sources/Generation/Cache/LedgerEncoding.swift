import Tokenization

/// Encodes a prompt so that what the cache already holds keeps its token ids.
///
/// A model may write a word in other tokens than the tokenizer would choose, so encoding the answer's text
/// anew could differ from what the cache holds. Where the text of held tokens is a prefix of the prompt's
/// text up to one of their special tokens, the held ids are kept up to there (a special token is never
/// joined with its neighbours) and only the rest is encoded. Of several held sequences the one that reaches
/// furthest counts.
package enum LedgerEncoding<Value> {
  /// The prompt's tokens.
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
    // The special token is encoded once more with what is behind it, which may be read otherwise there than at
    // the start of a text: vocabularies put a space before a text, and some tokens take spaces with them.
    let rest = text.encode(from: best.kept.position, tokenizer)
    guard rest.first == best.tokens[best.kept.count - 1] else { return text.encode(from: 0, tokenizer) }
    return Array(best.tokens[..<best.kept.count]) + rest.dropFirst()
  }

  /// How far a sequence's text has followed the prompt's.
  private struct Reach {
    var tokens: [Int32] = []
    var position = 0
    /// The tokens up to and with the last special one so far, and where that one begins.
    var kept: (count: Int, position: Int) = (0, 0)

    /// - Returns: whether the text agrees to the end of the tokens.
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

/// A prompt's text, and what in it is a special token.
package struct PromptText {
  private let bytes: [UInt8]
  /// The pieces and where they begin; nil where special tokens are to be recognised by their text.
  private let pieces: [(offset: Int, segment: PromptSegment)]?
  /// Where that text reads like special tokens and means none.
  private let quoted: [Int]
  /// Where special tokens are.
  private let specials: [Int: Int32]

  /// A rendered template.
  package init(_ rendered: RenderedText, _ tokenizer: Tokenizer) {
    bytes = Array(rendered.text.utf8)
    pieces = nil
    quoted = rendered.quoted
    var specials = tokenizer.specialTokens(in: rendered.text)
    for place in quoted { specials[place] = nil }
    self.specials = specials
  }

  /// Special tokens, and text in which none are recognised.
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

  /// Whether a token stands at an offset.
  func holds(_ token: [UInt8], of id: Int32, isSpecial: Bool, at position: Int) -> Bool {
    guard bytes[position...].starts(with: token) else { return false }
    if isSpecial { return specials[position] == id }
    // Text that looks like a special token is none, and no token reaches into one.
    return !token.indices.contains { specials[position + $0] != nil }
  }

  /// Where a token ends whose bytes end at `position`: behind the spaces that it takes with it.
  func end(of id: Int32, from position: Int, _ tokenizer: Tokenizer) -> Int {
    guard pieces == nil, tokenizer.absorbsSpacesAfter(id) else { return position }
    return position + tokenizer.leadingSpaceCount(in: bytes[position...])
  }

  /// The tokens of the text from an offset on where a special token begins, or from the start; each piece is
  /// encoded on its own.
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
