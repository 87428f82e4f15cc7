import Testing

/// Regular expressions without a scanner of their own.
@Suite struct SplitExpressionTests {
  /// Compared with the expressions of the `tokenizers` library.
  @Test(arguments: [
    "deepseek-llm", "deepseek-coder", "kimi-k2", "seed-coder", "exaone-moe", "minicpm5", "tiny_aya", "youtu",
    "superbpe", "viking", "laguna",
  ])
  func pieces(_ name: String) throws {
    let expected = try #require(
      Fixtures.decode("expected-expression-cuts.json", as: [String: [Digest]].self)[name])
    try #require(expected.count == Fixtures.texts.count)
    for (text, digest) in zip(Fixtures.texts, expected) {
      let lengths = try #require(PreTokenizer.pieceLengths(of: text, gguf: name))
      #expect(Digest(lengths) == digest, "\(text.debugDescription): \(lengths)")
    }
  }

  /// The patterns of the scanners, as expressions.
  @Test(arguments: [
    ("gpt-2", #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#),
    (
      "bailingmoe",
      #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
    ),
  ])
  func scannersAgree(_ name: String, _ expression: String) {
    for text in Fixtures.texts {
      #expect(
        PreTokenizer.pieceLengths(of: text, expression: expression)
          == PreTokenizer.pieceLengths(of: text, gguf: name))
    }
  }

  @Test(arguments: [
    ("a{2}", "aaab", [2, 2]), ("a{2,}", "aaaab", [4, 1]), ("a{1,2}", "aaab", [2, 1, 1]),
    ("(?:ab)+", "xababy", [1, 4, 1]), ("a+?b", "aabb", [3, 1]), ("a++a", "aaa", [3]),
    ("(?>a|ab)c", "abc", [3]),
    ("(?:a|ab)c", "xabc", [1, 3]), ("[a-c&&[^b]]+", "abca", [1, 1, 2]), ("[^a]", "ab", [1, 1]),
    (#"\bcat\b"#, "cat scat cat", [3, 6, 3]), ("^a|b$", "aab", [1, 1, 1]), ("(?i:k)", "\u{212A}K", [3, 1]),
    (#"\x41\u0042"#, "xAB", [1, 2]), (#"[\]\-]"#, "a]-", [1, 1, 1]), ("(?=b)", "abb", [1, 1, 1]),
    (".", "a\nb", [1, 1, 1]), (#"\p{Han}+"#, "a日本b", [1, 6, 1]), (#"\P{L}+"#, "a12b", [1, 2, 1]),
    (#"\p{^L}+"#, "a12b", [1, 2, 1]),
  ])
  func syntax(_ expression: String, _ text: String, _ expected: [Int]) {
    #expect(PreTokenizer.pieceLengths(of: text, expression: expression) == expected)
  }

  /// What is not supported is rejected, not misinterpreted.
  @Test(arguments: [
    "(", ")", "[", "a{", "*", "a**", "(?<=a)b", "(?<n>a)", #"\1"#, #"\p{Nope}"#, "[[:alpha:]]", "(?i)a",
    #"\k"#, "a{2}+",
    "(?:a*)*", "a{99999}{99999}", "(?i:[a-z])",
    String(repeating: "(", count: 60) + String(repeating: ")", count: 60),
  ])
  func otherSyntaxIsRejected(_ expression: String) {
    #expect(PreTokenizer.pieceLengths(of: "a", expression: expression) == nil)
  }

  /// A pattern with exponentially many ways to fail ends.
  @Test func backtrackingIsLimited() {
    let text = String(repeating: "a", count: 60) + "c"
    #expect(PreTokenizer.pieceLengths(of: text, expression: "(?:a|aa)+b") == [61])
  }

  /// A long run needs no more memory than a short one.
  @Test func longRunsMatch() {
    let text = String(repeating: "é", count: 300_000)
    #expect(PreTokenizer.pieceLengths(of: text, expression: #"\p{L}+(?!\p{L})"#) == [600_000])
  }
}
