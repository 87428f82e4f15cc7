import Foundation
import Testing

/// Thousands of damaged sources: each is read or refused with a message, and what is read can be used.
@Suite struct HostileInputTests {
  private func use(_ tokenizer: Tokenizer) {
    for text in Fixtures.texts.prefix(12) {
      let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
      _ = tokenizer.decode(ids, skipSpecial: false)
    }
  }

  /// Changes bytes, cuts, and copies stretches from one place to another.
  private func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...8, using: &generator) where bytes.count > 40 {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] = .random(in: 0...255, using: &generator)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2:
        bytes.removeSubrange(place..<min(place + Int.random(in: 1...30, using: &generator), bytes.count))
      case 3:
        let from = Int.random(in: 0..<bytes.count, using: &generator)
        let stretch = bytes[from..<min(from + Int.random(in: 1...60, using: &generator), bytes.count)]
        bytes.insert(contentsOf: Array(stretch), at: place)
      case 4: bytes[place] = Array("0123456789\"[]{},:\\-".utf8)[Int.random(in: 0..<19, using: &generator)]
      default: if Int.random(in: 0..<8, using: &generator) == 0 { bytes.removeSubrange(place...) }
      }
    }
    return bytes
  }

  @Test(arguments: ["llama3", "gemma", "added", "deepseek3"])
  func tokenizerJSON(_ name: String) throws {
    let sound = try Fixtures.bytes("\(name).tokenizer.json")
    var generator = SeededGenerator(21)
    var (read, refused) = (0, 0)
    for _ in 0..<500 {
      do {
        use(try Tokenizer(json: mutate(sound, &generator)))
        read += 1
      } catch {
        #expect(!error.problem.isEmpty)
        refused += 1
      }
    }
    #expect(read > 0 && refused > 0)
  }

  /// Whole values of other kinds in every place of the tree.
  @Test func tokenizerJSONWithOtherValues() throws {
    let sound = String(decoding: try Fixtures.bytes("gemma.tokenizer.json"), as: UTF8.self)
    let values = ["null", "-1", "1e300", "9223372036854775807", "\"\"", "[]", "{}", "true", "[[]]"]
    let keys = [
      "model", "vocab", "merges", "type", "added_tokens", "id", "content", "normalizer", "pre_tokenizer",
      "decoder",
      "pattern", "behavior", "byte_fallback", "special", "single", "ids", "special_tokens", "post_processor",
    ]
    for key in keys {
      let marker = "\"\(key)\":"
      guard let range = sound.range(of: marker) else { continue }
      for value in values {
        // The rest stays, under another key.
        let text = sound.replacingCharacters(in: range, with: "\(marker)\(value),\"x\":")
        do { use(try Tokenizer(json: Array(text.utf8))) } catch { #expect(!error.problem.isEmpty) }
      }
    }
  }

  @Test func rankFiles() throws {
    let sound = try Fixtures.bytes("small.tiktoken")
    var generator = SeededGenerator(22)
    var (read, refused) = (0, 0)
    for _ in 0..<1500 {
      do {
        use(try Tokenizer(tiktoken: mutate(sound, &generator)))
        read += 1
      } catch {
        #expect(!error.problem.isEmpty)
        refused += 1
      }
    }
    #expect(read > 0 && refused > 0)
  }

  @Test(arguments: ["gemma.gguf", "smollm.gguf"])
  func gguf(_ name: String) throws {
    let folder = try TemporaryFolder()
    let sound = try Fixtures.bytes(name)
    var generator = SeededGenerator(23)
    var (read, refused) = (0, 0)
    for round in 0..<1000 {
      // Most of the file is strings; every second time only numbers between them change.
      var bytes = round % 2 == 0 ? mutate(sound, &generator) : sound
      if round % 2 == 1 {
        for _ in 0..<20 {
          bytes[Int.random(in: 24..<bytes.count, using: &generator)] ^= 1 << UInt8(round % 8)
        }
      }
      do {
        use(try Tokenizer.load(path: folder.write(bytes, "model.gguf"), cache: nil))
        read += 1
      } catch {
        #expect(!"\(error)".isEmpty)
        refused += 1
      }
    }
    #expect(read > 0 && refused > 0)
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
    ("{}", "model"), ("[]", "model"), ("", "JSON"), (#"{"model": {"type": "Unigram"}}"#, "Unigram"),
    (#"{"model": {"type": "BPE", "vocab": {"a": 0}}, "normalizer": {"type": "Lowercase"}}"#, "Lowercase"),
    (
      #"{"model": {"vocab": {"a": 0}}, "pre_tokenizer": {"type": "Split", "behavior": "Isolated", "#
        + #""pattern": {"Regex": "x+"}}}"#, "x+"
    ),
    (#"{"model": {"vocab": {"a": -5}}}"#, "-5"), (#"{"model": {"vocab": {"a": 4000000000}}}"#, "4000000000"),
  ])
  func refusalsSayWhat(_ json: String, _ word: String) {
    #expect {
      _ = try Tokenizer(json: Array(json.utf8))
    } throws: { "\($0)".contains(word) }
  }
}
