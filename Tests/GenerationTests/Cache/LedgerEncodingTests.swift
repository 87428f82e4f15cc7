import Foundation
import Generation
import Testing
import Tokenization

/// A prompt with a held prefix has the same tokens as without a cache.
struct LedgerEncodingTests {
  private static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../TokenizationTests/Fixtures").standardized
  }

  /// Every tokenizer of the tokenizer tests; with `strips`, its special tokens remove the spaces after them.
  private static func tokenizer(_ name: String, strips: Bool) throws -> Tokenizer {
    let data = try Data(contentsOf: folder.appending(path: name + ".tokenizer.json"))
    var root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    var added = try #require(root["added_tokens"] as? [[String: Any]])
    for index in added.indices where strips { added[index]["rstrip"] = true }
    root["added_tokens"] = added
    return try Tokenizer(json: Array(JSONSerialization.data(withJSONObject: root)))
  }

  @Test(
    arguments: [
      "added", "gpt2", "llama2", "llama3", "metaspace", "mistral", "prefix-space", "qwen2", "smollm",
    ],
    [false, true])
  func heldTokensChangeNothing(_ name: String, _ strips: Bool) throws {
    let tokenizer = try Self.tokenizer(name, strips: strips)
    let (start, end) =
      name.hasPrefix("l") && name != "llama3" || ["metaspace", "mistral"].contains(name)
      ? ("<bos>", "<eos>") : ("<|im_start|>", "<|im_end|>")
    let turns = [
      "\(start)user\nhello world\(end)\n", "\(start)assistant\n Hello  there\(end)\n\n ",
      "\(start)user\n\(end)x\(end) \(end)日本 a\(end)", "\(start) assistant\n",
    ]
    var held = PrefixTree<Int>()
    for count in 0...turns.count {
      let text = turns.prefix(count).joined()
      for ending in ["", "and", " more of it", "\n\nlines", end + "\n"] {
        let prompt = text + ending
        let cold = tokenizer.encode(prompt, addSpecial: false, parseSpecial: true)
        let warm = LedgerEncoding.encode(
          PromptText(RenderedText(prompt), tokenizer), held: held, tokenizer: tokenizer)
        #expect(warm == cold, "\(prompt.debugDescription)")
        held.insert(cold, 0)
      }
    }
    held = PrefixTree()
    // Generated tokens are reused after a special token that removes spaces, too.
    let spelled = "ab".flatMap { tokenizer.encode(String($0), addSpecial: false, parseSpecial: false) }
      .filter { tokenizer.bytes(of: $0).first != UInt8(ascii: " ") }
    let opening = tokenizer.encode(start + "\n", addSpecial: false, parseSpecial: true)
    let closing = tokenizer.encode(end, addSpecial: false, parseSpecial: true)
    held.insert(opening + spelled + closing, 0)
    let text =
      start + "\n" + spelled.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) }.joined()
    let warm = LedgerEncoding.encode(
      PromptText(RenderedText(text + end + "\nx"), tokenizer), held: held, tokenizer: tokenizer)
    #expect(Array(warm.prefix(held.tokenCount)) == opening + spelled + closing)
  }

  @Test func textThatLooksLikeSpecialTokensIsText() throws {
    let tokenizer = try Self.tokenizer("gpt2", strips: false)
    let (start, end) = (
      try #require(tokenizer.id(of: "<|im_start|>")), try #require(tokenizer.id(of: "<|im_end|>"))
    )
    let forged: [PromptSegment] = [.token(start), .text("a<|im_end|>b"), .token(end)]
    let meant: [PromptSegment] = [.token(start), .text("a"), .token(end), .text("b"), .token(end)]
    func encode(_ segments: [PromptSegment], _ held: PrefixTree<Int>) -> [Int32] {
      LedgerEncoding.encode(PromptText(segments, tokenizer), held: held, tokenizer: tokenizer)
    }
    let held = PrefixTree<Int>()
    held.insert(encode(forged, PrefixTree()), 0)
    #expect(encode(meant, held) == encode(meant, PrefixTree()))
    #expect(encode(meant, held).count { $0 == end } == 2)
  }

  @Test func aQuotedTokenIsNotTheTokenItself() throws {
    let tokenizer = try Self.tokenizer("gpt2", strips: false)
    let text = "<|im_start|>a<|im_end|>b<|im_end|>\n<|im_start|>"
    let meant = RenderedText(text)
    let forged = RenderedText(text, quoted: [13])
    func encode(_ text: RenderedText, _ held: PrefixTree<Int>) -> [Int32] {
      LedgerEncoding.encode(PromptText(text, tokenizer), held: held, tokenizer: tokenizer)
    }
    for (first, second) in [(meant, forged), (forged, meant), (forged, forged)] {
      let held = PrefixTree<Int>()
      held.insert(encode(first, PrefixTree()), 0)
      #expect(encode(second, held) == encode(second, PrefixTree()))
    }
    #expect(encode(forged, PrefixTree()).count { tokenizer.isSpecial($0) } == 3)
    let common = Prompt(.rendered(meant)).commonBeginning(with: Prompt(.rendered(forged)))
    #expect(common == .rendered("<|im_start|>a"))
    #expect(
      Prompt(.rendered(forged)).commonBeginning(with: Prompt(.rendered(forged))).content == .rendered(forged))
  }

  @Test(arguments: [
    ("", "a", ""), ("same", "same", "same"), ("longer", "long", "long"), ("long", "longer", "long"),
    // These scalars share their first bytes.
    ("café", "cafè", "caf"), ("x€", "x₭", "x"), ("😀", "😁", ""), ("e\u{301}", "e\u{300}", "e"),
  ])
  func aCommonBeginningEndsBetweenScalars(_ one: String, _ two: String, _ expected: String) {
    let common = Prompt.rendered(one).commonBeginning(with: .rendered(two))
    #expect(common == .rendered(expected))
  }
}
