import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization

/// The hash by which llama.cpp's converter recognises a pre-tokenizer. The expected values are from Python's hashlib and
/// from the converter.
@Suite struct PreTokenizerHashTests {
  @Test func theTextIsThatOfTheConverter() {
    #expect(
      SHA256.hexadecimal(PreTokenizerHashes.text.utf8)
        == "a36179c1e2b1cfcfbfad1dc779addad2ffc778201e4cf0d538bddeafa2c526da")
  }

  /// `hashlib.sha256(str(list(text.encode())).encode())` in Python.
  @Test func theListOfTokensIsWrittenAsInPython() {
    let tokens = PreTokenizerHashes.text.utf8.map { Int32($0) }
    #expect(
      PreTokenizerHashes.digest(of: tokens)
        == "89a1c8edbd3d80af57c0a40175ce814b8133c8a424f8be85c1712f52041a554f")
    #expect(
      PreTokenizerHashes.digest(of: [])
        == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945")
  }

  @Test(
    arguments: [
      ("0fe1cf6eda062318a1af7270f3331a85c539a01778ff948e24388e949c5282f4", "gpt-2"),
      ("d4540891389ea895b53b399da6ac824becc30f2fba0e9ddbb98f92e55ca0e97c", "qwen2"),
      ("0ef9807a4087ebef797fc749390439009c3b9eda9ad1a097abbe738f486c01e5", "llama-bpe"),
      ("846deafc5b0fa786186fa4ae6c7b49903cf2f1d1895bdb80b9120d60be135252", "gemma4"),
      ("9ca2dd618e8afaf09731a7cf6e2105b373ba6a1821559f258b272fe83e6eb902", "glm4"),
      ("d30d75d9059f1aa2c19359de71047b3ae408c70875e8a3ccf8c5fba56c9d8af4", "qwen35"),
      ("89a1c8edbd3d80af57c0a40175ce814b8133c8a424f8be85c1712f52041a554f", nil),
    ] as [(String, String?)])
  func hashesHaveNames(digest: String, name: String?) {
    #expect(PreTokenizerHashes.name(digest) == name)
  }

  /// A vocabulary of the 256 bytes has a hash without a name, so its expression decides.
  @Test func unknownTokensAreNamedByTheirExpression() throws {
    let folder = try TemporaryFolder()
    let printable = Array(33...126) + Array(161...172) + Array(174...255)
    var characters: [Int: Int] = [:], next = 256
    for byte in 0..<256 {
      characters[byte] = printable.contains(byte) ? byte : next
      if !printable.contains(byte) { next += 1 }
    }
    let entries = try (0..<256).map { byte in
      let value = try #require(characters[byte])
      let scalar = try #require(Unicode.Scalar(UInt32(value)))
      let text = JSON.string(String(Character(scalar))).text()
      return "\(text): \(byte)"
    }
    _ = try folder.write("config.json", "{\"model_type\": \"gpt2\"}")
    _ = try folder.write(
      "tokenizer.json",
      """
      {"added_tokens": [], "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
       "decoder": {"type": "ByteLevel"},
       "model": {"type": "BPE", "vocab": {\(entries.joined(separator: ", "))}, "merges": []}}
      """)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(try Tokenizer.preTokenizerName(of: checkpoint) == "gpt-2")
  }
}
