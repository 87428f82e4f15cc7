import Basics
import Foundation
import Testing

/// The options of added tokens, compared with the `tokenizers` library (Tests/Scripts/make_added_token_fixtures.py),
/// and tokens that only the files beside tokenizer.json list.
@Suite struct AddedTokenOptionTests {
  @Test func everyCombinationOfOptions() throws {
    let file = ProcessInfo.processInfo.environment["SOTTO_ADDED_TOKENS"]
    let fixture = try JSON(
      parsing: file.map { [UInt8](try Data(contentsOf: URL(filePath: $0))) }
        ?? Fixtures.bytes("added-token-variants.json"))
    guard case .object(let base) = try #require(fixture["base"]) else { return }
    let variants = try fixture.array("variants")
    #expect(variants.count > 20)
    for variant in variants {
      var root = base
      for key in ["normalizer", "pre_tokenizer", "added_tokens"] { root[key] = variant[key] }
      let tokenizer = try Tokenizer(json: Array(JSON.object(root).text().utf8))
      for (text, ids) in zip(try variant.array("texts"), try variant.array("ids")) {
        let text = try #require(text.asString)
        let expected = ids.asArray?.compactMap(\.asInteger)
        #expect(
          tokenizer.ids(text) == expected,
          "\(text.debugDescription) with \(variant["normalizer"]?.text() ?? ""), \(variant["pre_tokenizer"]?.text() ?? ""), \(variant["added_tokens"]?.text() ?? "")"
        )
      }
    }
  }

  /// The base vocabulary of the fixture, without added tokens.
  private func base() throws -> JSONObject {
    let fixture = try JSON(parsing: Fixtures.bytes("added-token-variants.json"))
    guard case .object(var base) = try #require(fixture["base"]) else { return JSONObject() }
    base["added_tokens"] = .array([])
    return base
  }

  @Test func tokensOfTheConfigFilesAreAdded() throws {
    let base = try base()
    let count = try #require(JSON.object(base)["model"]?["vocab"]?.asObject?.count)
    let config = """
      {"eos_token": "<|im_end|>", "bos_token": "<s>", "added_tokens_decoder": {
        "\(count)": {"content": "<|im_start|>", "special": true, "normalized": false},
        "\(count + 1)": {"content": "<|im_end|>", "special": true, "normalized": false, "rstrip": true},
        "2": {"content": "</s>", "special": true}}}
      """
    let tokenizer = try Tokenizer(
      json: Array(JSON.object(base).text().utf8), tokenizerConfig: Array(config.utf8),
      addedTokens: Array(#"{"<|im_start|>": 7, "<tool>": \#(count + 2)}"#.utf8))
    #expect(tokenizer.vocabularyCount == count + 3)
    #expect(tokenizer.ids("<|im_start|><|im_end|>  <tool><s></s>") == [count, count + 1, count + 2, 1, 2])
    #expect(tokenizer.isSpecial(Int32(count)) && !tokenizer.isSpecial(Int32(count + 2)))
    #expect(tokenizer.isSpecial(1) && tokenizer.isSpecial(2))
    #expect(tokenizer.eosToken == Int32(count + 1))
    #expect(tokenizer.endOfGenerationTokens.contains(Int32(count + 1)))
    let plain = tokenizer.encode("<|im_end|>", addSpecial: false, parseSpecial: false)
    #expect(!plain.contains(Int32(count + 1)))
  }

  /// The token of another text is not replaced.
  @Test func aTakenIdIsNotUsedAgain() throws {
    let base = try base()
    let count = try #require(JSON.object(base)["model"]?["vocab"]?.asObject?.count)
    let config = #"{"added_tokens_decoder": {"5": {"content": "<|im_end|>", "special": true}}}"#
    let tokenizer = try Tokenizer(
      json: Array(JSON.object(base).text().utf8), tokenizerConfig: Array(config.utf8))
    #expect(tokenizer.ids("<|im_end|>") == [count])
  }

  @Test func normalizedSpecialTokensCanBeQuoted() throws {
    var base = try base()
    let count = try #require(JSON.object(base)["model"]?["vocab"]?.asObject?.count)
    base["normalizer"] = [
      "type": "Sequence",
      "normalizers": [
        ["type": "Prepend", "prepend": "▁"],
        ["type": "Replace", "pattern": ["String": " "], "content": "▁"],
      ],
    ]
    base["added_tokens"] = [
      ["id": .integer(count), "content": "<|user|>", "special": true, "normalized": true],
      ["id": .integer(count + 1), "content": "<|end|>", "special": true, "normalized": false],
    ]
    let tokenizer = try Tokenizer(json: Array(JSON.object(base).text().utf8))
    let text = "<|user|> a <|user|><|end|><|user|>"
    #expect(tokenizer.specialTokens(in: text).keys.sorted() == [0, 11, 19, 26])
    func specials(_ quoted: [Int]) -> Int {
      tokenizer.encode(text, addSpecial: false, parseSpecial: true, quoted: quoted)
        .count { tokenizer.isSpecial($0) }
    }
    #expect(specials([]) == 4)
    #expect(specials([11]) == 3)
    #expect(specials([0, 26]) == 2)
    #expect(specials([0, 11, 19, 26]) == 0)
  }
}
