import Basics
import Foundation
import TestSupport
import Testing

/// Thousands of damaged sources: each loads or is rejected with a message, and what loads can be used.
@Suite struct HostileInputTests {
  private func use(_ tokenizer: Tokenizer) {
    for text in Fixtures.texts.prefix(12) {
      let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
      _ = tokenizer.decode(ids, skipSpecial: false)
    }
  }

  /// Changes, removes and duplicates bytes.
  private func mutate(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...8, using: &generator) where bytes.count > 40 {
      let position = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[position] = .random(in: 0...255, using: &generator)
      case 1: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2:
        bytes.removeSubrange(
          position..<min(position + Int.random(in: 1...30, using: &generator), bytes.count))
      case 3:
        let from = Int.random(in: 0..<bytes.count, using: &generator)
        let stretch = bytes[from..<min(from + Int.random(in: 1...60, using: &generator), bytes.count)]
        bytes.insert(contentsOf: Array(stretch), at: position)
      case 4: bytes[position] = Array("0123456789\"[]{},:\\-".utf8)[Int.random(in: 0..<19, using: &generator)]
      default: if Int.random(in: 0..<8, using: &generator) == 0 { bytes.removeSubrange(position...) }
      }
    }
    return bytes
  }

  /// A message is shown in a terminal, whatever the file's names contain.
  @Test(arguments: [
    #"{"model": {"type": "B\u001b[2JPE", "vocab": {}}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "\u009b\u202e"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "normalizer": {"type": "\u0000"}}"#,
  ])
  func errorsHaveNoControlCharacters(_ json: String) {
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(json.utf8)) }
    #expect(error.flatMap { fault(inMessage: $0.description) } == nil)
  }

  @Test(arguments: ["llama3", "gemma", "added", "deepseek3"])
  func tokenizerJSON(_ name: String) throws {
    let valid = try Fixtures.bytes("\(name).tokenizer.json")
    var generator = SplitMix64(seed: 21)
    var (loaded, rejected) = (0, 0)
    for _ in 0..<500 {
      do {
        use(try Tokenizer(json: mutate(valid, &generator)))
        loaded += 1
      } catch {
        #expect(!error.problem.isEmpty)
        rejected += 1
      }
    }
    #expect(loaded > 0 && rejected > 0)
  }

  /// Values of other types for every key.
  @Test func tokenizerJSONWithOtherValues() throws {
    let valid = String(decoding: try Fixtures.bytes("gemma.tokenizer.json"), as: UTF8.self)
    let values = ["null", "-1", "1e300", "9223372036854775807", "\"\"", "[]", "{}", "true", "[[]]"]
    let keys = [
      "model", "vocab", "merges", "type", "added_tokens", "id", "content", "normalizer", "pre_tokenizer",
      "decoder",
      "pattern", "behavior", "byte_fallback", "special", "single", "ids", "special_tokens", "post_processor",
    ]
    for key in keys {
      let marker = "\"\(key)\":"
      guard let range = valid.range(of: marker) else { continue }
      for value in values {
        // The old value is kept under another key.
        let text = valid.replacingCharacters(in: range, with: "\(marker)\(value),\"x\":")
        do { use(try Tokenizer(json: Array(text.utf8))) } catch { #expect(!error.problem.isEmpty) }
      }
    }
  }

  /// Ids of added tokens that cannot be counted on from, in each place that lists them.
  @Test(arguments: [Int.max, Int.max - 1, -1, Int.min])
  func impossibleIdsOfAddedTokens(_ id: Int) throws {
    let plain = String(decoding: try Fixtures.bytes("gemma.tokenizer.json"), as: UTF8.self)
    let configurations = [
      #"{"added_tokens_decoder": {"\(id)": {"content": "<|a|>"}, "3": {"content": "<|b|>"}}}"#,
      #"{"additional_special_tokens": ["<|c|>"], "added_tokens_decoder": {"\(id)": {"content": "<|c|>"}}}"#,
    ]
    for configuration in configurations {
      let text = configuration.replacing(#"\(id)"#, with: "\(id)")
      do {
        use(try Tokenizer(json: Array(plain.utf8), tokenizerConfig: Array(text.utf8)))
      } catch { #expect(!error.problem.isEmpty) }
      let extra = Array("{\"<|d|>\": \(id), \"<|e|>\": 2}".utf8)
      do {
        use(try Tokenizer(json: Array(plain.utf8), addedTokens: extra))
      } catch { #expect(!error.problem.isEmpty) }
    }
  }

  @Test func rankFiles() throws {
    let valid = try Fixtures.bytes("small.tiktoken")
    var generator = SplitMix64(seed: 22)
    var (loaded, rejected) = (0, 0)
    for _ in 0..<1500 {
      do {
        use(try Tokenizer(tiktoken: mutate(valid, &generator)))
        loaded += 1
      } catch {
        #expect(!error.problem.isEmpty)
        rejected += 1
      }
    }
    #expect(loaded > 0 && rejected > 0)
  }

  @Test(arguments: ["gemma.gguf", "smollm.gguf"])
  func gguf(_ name: String) throws {
    let folder = try TemporaryFolder()
    let valid = try Fixtures.bytes(name)
    var generator = SplitMix64(seed: 23)
    var (loaded, rejected) = (0, 0)
    for round in 0..<1000 {
      // Most of the file is strings; every second time only the numbers between them are changed.
      var bytes = round % 2 == 0 ? mutate(valid, &generator) : valid
      if round % 2 == 1 {
        for _ in 0..<20 {
          bytes[Int.random(in: 24..<bytes.count, using: &generator)] ^= 1 << UInt8(round % 8)
        }
      }
      do {
        use(try Tokenizer.load(path: folder.write("model.gguf", bytes), cache: nil))
        loaded += 1
      } catch {
        #expect(!"\(error)".isEmpty)
        rejected += 1
      }
    }
    #expect(loaded > 0 && rejected > 0)
  }

  /// A vocabulary in which everything merges with everything, and tokens of a hundred kilobytes.
  @Test func hugeTokens() throws {
    var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { [$0] }
    for length in 2...200 { tokens.append(Array(repeating: 0x61, count: length)) }
    for length in 0..<20 { tokens.append(Array(repeating: 0x62, count: 100_000 + length)) }
    let tokenizer = try Tokenizer(tiktoken: MergingTests.rankFile(tokens))
    let text = String(repeating: "a", count: 100_000) + " " + String(repeating: "b", count: 100_003)
    let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
    #expect(tokenizer.decode(ids, skipSpecial: false) == text)
  }

  @Test(arguments: [
    ("{}", "model"), ("[]", "model"), ("", "JSON"), (#"{"model": {"type": "WordPiece"}}"#, "WordPiece"),
    (#"{"model": {"type": "BPE", "vocab": {"a": 0}}, "normalizer": {"type": "Lowercase"}}"#, "Lowercase"),
    (
      #"{"model": {"vocab": {"a": 0}}, "pre_tokenizer": {"type": "Split", "behavior": "Isolated", "#
        + #""pattern": {"Regex": "(?<=x)y"}}}"#, "(?<=x)y"
    ),
    (#"{"model": {"vocab": {"a": -5}}}"#, "-5"), (#"{"model": {"vocab": {"a": 4000000000}}}"#, "4000000000"),
  ])
  func errorsNameTheProblem(_ json: String, _ word: String) {
    #expect {
      _ = try Tokenizer(json: Array(json.utf8))
    } throws: { "\($0)".contains(word) }
  }
}
