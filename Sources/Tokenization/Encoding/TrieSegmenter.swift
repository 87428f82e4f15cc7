/// Divides pieces of text into tokens by a trie of all tokens, for vocabularies without merges. Linear in the text, times
/// the length of the longest token.
struct TrieSegmenter {
  private let trie: TokenTrie
  private let tokenCount: UInt32
  private let scores: UnsafeBufferPointer<Double>
  private let segmentation: TokenizerRules.Segmentation
  private let tables: MergeTables

  init(_ vocabulary: Vocabulary, _ tables: MergeTables) {
    trie = vocabulary.pieceTrie
    tokenCount = UInt32(vocabulary.count)
    scores = vocabulary.scores
    segmentation = vocabulary.rules.segmentation
    self.tables = tables
  }

  /// Appends the tokens of `text[start..<end]`, which is valid UTF-8.
  func encode(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ output: inout TokenBuffer) {
    switch segmentation {
    case .unigram: encodeByScore(text, start, end, &output) { $0 }
    case .unigramInSingle: encodeByScore(text, start, end, &output) { Double(Float($0)) }
    case .unigramFromEnd: encodeByScoreFromEnd(text, start, end, &output)
    case .longest, .merges: encodeLongest(text, start, end, &output)
    }
  }

  /// Calls `body` with the end of each token that starts at `position`, the shortest first.
  @inline(__always)
  private func forEachToken(
    _ text: UnsafePointer<UInt8>, at position: Int, limit: Int, _ body: (_ token: UInt32, _ end: Int) -> Void
  ) {
    var (node, next): (UInt32?, Int) = (nil, position)
    while next < limit, let child = trie.child(of: node, UInt32(text[next])) {
      next &+= 1
      node = child
      if child < tokenCount { body(child, next) }
    }
  }

  private func encodeLongest(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ output: inout TokenBuffer
  ) {
    let base = output.count
    var position = start
    while position < end {
      var (token, after) = (VocabularyLayout.none, position)
      forEachToken(text, at: position, limit: end) { (token, after) = ($0, $1) }
      if after > position {
        output.reserve(1)
        output.append(token)
        position = after
      } else {
        tables.appendUnknown(UnsafeBufferPointer(start: text + position, count: 1), to: &output, from: base)
        position &+= 1
      }
    }
  }

  /// The best way to divide the text up to a position.
  private struct Best {
    var score = -Double.infinity
    var start = 0
    var token = VocabularyLayout.none
  }

  /// Viterbi's algorithm over the sums of scores; of equal sums the first that is found, as in SentencePiece.
  /// - Parameter rounded: rounds a sum.
  @inline(__always)
  private func encodeByScore(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ output: inout TokenBuffer,
    rounded: (Double) -> Double
  ) {
    guard end > start, let unknownScore = scores.last else { return }
    var best = [Best](repeating: Best(), count: end - start + 1)
    best[0].score = 0
    var position = start
    while position < end {
      let length = UTF8Text.length(startingWith: text[position])
      let score = best[position - start].score
      var hasCharacter = false
      func offer(_ token: UInt32, _ after: Int, _ sum: Double) {
        let sum = rounded(sum)
        if sum > best[after - start].score {
          best[after - start] = Best(score: sum, start: position, token: token)
        }
      }
      forEachToken(text, at: position, limit: end) { token, after in
        if after == position &+ length { hasCharacter = true }
        offer(token, after, score + scores[Int(token)])
      }
      if !hasCharacter {
        offer(VocabularyLayout.none, min(position &+ length, end), score + rounded(unknownScore))
      }
      position &+= length
    }
    append(best, text, start, &output)
  }

  /// The best way to divide the text from a position on.
  private struct Rest {
    var score = -Double.infinity
    var end = 0
    var token = VocabularyLayout.none
  }

  /// Viterbi's algorithm from the end of the text; of equal sums that with the longest first token.
  private func encodeByScoreFromEnd(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ output: inout TokenBuffer
  ) {
    guard end > start, let unknownScore = scores.last else { return }
    var rests = [Rest](repeating: Rest(), count: end - start + 1)
    rests[end - start].score = 0
    var position = end
    while position > start {
      position &-= 1
      let isInCharacter = text[position] & 0xC0 == 0x80
      if isInCharacter, position > start { continue }
      let after =
        isInCharacter ? position &+ 1 : min(position &+ UTF8Text.length(startingWith: text[position]), end)
      var found = Rest(score: rests[after - start].score + unknownScore, end: after)
      forEachToken(text, at: position, limit: end) { token, after in
        let sum = rests[after - start].score + scores[Int(token)]
        if sum >= found.score, sum > -.infinity { found = Rest(score: sum, end: after, token: token) }
      }
      rests[position - start] = found
    }
    while position < end {
      let rest = rests[position - start]
      output.reserve(rest.end - position)
      if rest.token != VocabularyLayout.none {
        output.append(rest.token)
      } else {
        for byte in position..<rest.end {
          let token = tables.byteTokens[Int(text[byte])]
          if token != VocabularyLayout.none { output.append(token) }
        }
      }
      position = rest.end
    }
  }

  private func append(
    _ best: [Best], _ text: UnsafePointer<UInt8>, _ start: Int, _ output: inout TokenBuffer
  ) {
    var ends = [best.count - 1]
    while let end = ends.last, end > 0 { ends.append(best[end].start - start) }
    let base = output.count
    for (end, from) in zip(ends, ends.dropFirst()).reversed() {
      if best[end].token != VocabularyLayout.none {
        output.reserve(1)
        output.append(best[end].token)
      } else {
        tables.appendUnknown(
          UnsafeBufferPointer(start: text + start + from, count: end - from), to: &output, from: base)
      }
    }
  }
}
