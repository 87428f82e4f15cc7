import Basics
import Testing

/// `BlockMerger` compared with merging by rank.
@Suite struct MergingTests {
  @Test(arguments: ["gpt2", "llama3", "gemma", "deepseek3"])
  func mergersAgree(_ name: String) throws {
    try compare(Fixtures.tokenizer(name), seed: 1)
  }

  @Test func mergersAgreeForRanks() throws {
    try compare(Tokenizer(tiktoken: Fixtures.bytes("small.tiktoken")), seed: 2)
  }

  private func compare(_ tokenizer: Tokenizer, seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let pool = Fixtures.texts.flatMap(\.unicodeScalars)
    let few = Array("ab' \u{301}日é0".unicodeScalars)
    for round in 0..<3000 {
      let length = Int.random(in: 1...(round % 100 == 0 ? 3000 : 40), using: &generator)
      var text = String.UnicodeScalarView()
      if round % 3 == 0 {
        for _ in 0..<length { text.append(few[Int.random(in: 0..<few.count, using: &generator)]) }
      } else {
        let start = Int.random(in: 0..<pool.count, using: &generator)
        text.append(contentsOf: pool[start..<min(start + length, pool.count)])
      }
      let ids = tokenizer.encodeByBlocks(piece: String(text))
      #expect(ids == tokenizer.encodeByRank(piece: String(text)), "\(String(text).debugDescription)")
    }
  }

  /// Small vocabularies of random tokens over two letters, where almost everything merges with everything.
  @Test func mergersAgreeForRandomVocabularies() throws {
    var generator = SplitMix64(seed: 3)
    for _ in 0..<60 {
      var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { [$0] }
      for _ in 0..<Int.random(in: 5...80, using: &generator) {
        // Two existing tokens, so that merging can produce the new one.
        let letters = tokens.filter { $0.allSatisfy { $0 == 0x61 || $0 == 0x62 } }
        let made =
          letters[Int.random(in: 0..<letters.count, using: &generator)]
          + letters[Int.random(in: 0..<letters.count, using: &generator)]
        if made.count <= 12, !tokens.contains(made) { tokens.append(made) }
      }
      let tokenizer = try Tokenizer(tiktoken: Self.rankFile(tokens))
      for _ in 0..<100 {
        // Blocks have 64 bytes, and grow where their borders are not compatible.
        let isLong = Int.random(in: 0..<8, using: &generator) == 0
        let length = Int.random(in: 1...(isLong ? 400 : 60), using: &generator)
        let text = String((0..<length).map { _ in Bool.random(using: &generator) ? "a" : "b" })
        let expected = Self.reference(text, tokens)
        #expect(tokenizer.encodeByRank(piece: text) == expected)
        #expect(tokenizer.encodeByBlocks(piece: text) == expected)
      }
    }
  }

  /// Every two consecutive symbols merge, the later ones first, so the last symbol of a run decides how all
  /// before it are paired: text after a block border affects tokens far before it.
  @Test func mergesThatReachFarBack() throws {
    let symbols = Array(UInt8(0x21)...0x7E)
    let pairs = zip(symbols, symbols.dropFirst()).map { [$0, $1] }.reversed()
    let tokens = (UInt8.min...UInt8.max).map { [$0] } + pairs
    let tokenizer = try Tokenizer(tiktoken: Self.rankFile(tokens))
    var generator = SplitMix64(seed: 4)
    for _ in 0..<60 {
      var text: [UInt8] = []
      while text.count < 500 {
        let first = Int.random(in: 0..<symbols.count, using: &generator)
        let last = Int.random(in: 0..<4, using: &generator) == 0 ? first : symbols.count - 1
        text += symbols[min(first, 20)...Int.random(in: max(first, 20)...max(last, 20), using: &generator)]
      }
      let piece = String(decoding: text, as: UTF8.self)
      let expected = Self.reference(piece, tokens)
      #expect(tokenizer.encodeByBlocks(piece: piece) == expected)
      #expect(tokenizer.encodeByRank(piece: piece) == expected)
    }
  }

  /// The definition of tiktoken's merging: merge the first pair whose concatenation has the lowest rank.
  private static func reference(_ text: String, _ tokens: [[UInt8]]) -> [Int32] {
    let numbers = Dictionary(zip(tokens, tokens.indices)) { first, _ in first }
    var parts = text.utf8.map { [$0] }
    while true {
      let ranks = zip(parts, parts.dropFirst()).map { numbers[$0 + $1] ?? .max }
      guard let best = ranks.min(), best < .max, let position = ranks.firstIndex(of: best) else { break }
      parts[position] += parts.remove(at: position + 1)
    }
    return parts.map { Int32(numbers[$0] ?? -1) }
  }

  static func rankFile(_ tokens: [[UInt8]]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var file: [UInt8] = []
    for (rank, token) in tokens.enumerated() {
      for start in stride(from: 0, to: token.count, by: 3) {
        let part = Array(token[start..<min(start + 3, token.count)])
        let bits = part.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
        for digit in 0...part.count { file.append(alphabet[bits >> (18 - 6 * digit) & 63]) }
        file += Array(repeating: UInt8(ascii: "="), count: 3 - part.count)
      }
      file += Array(" \(rank)\n".utf8)
    }
    return file
  }

  /// Would take hours if the time were quadratic.
  @Test(arguments: ["a", "ab", "日本", " ", "1", "!", "aB", "\n", "é"])
  func oneMegabyteInOnePiece(_ unit: String) throws {
    let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
    for name in ["gpt2", "llama3", "gemma", "smollm"] {
      let tokenizer = try Fixtures.tokenizer(name)
      let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
      #expect(tokenizer.decode(ids, skipSpecial: false) == text)
    }
    let tokenizer = try Fixtures.tokenizer("gpt2")
    #expect(tokenizer.encodeByRank(piece: text) == tokenizer.encodeByBlocks(piece: text))
  }
}
