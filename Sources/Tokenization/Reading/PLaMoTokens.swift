import Basics
import Checkpoints

/// The tokens of PLaMo 2's tokenizer.jsonl: on every line an array of a text, its score and its type, in the order of the
/// ids.
package struct PLaMoTokens {
  package private(set) var texts: [String] = []
  package private(set) var scores: [Double] = []
  /// ggml's types.
  package private(set) var types: [Int32] = []

  /// The tokens beside a checkpoint; nil if it has no tokenizer.jsonl.
  /// - Throws: `TokenizerError` or `FileError` for a damaged file.
  package init?(_ checkpoint: Checkpoint) throws {
    guard let file = try checkpoint.tokenizerFile("tokenizer.jsonl") else { return nil }
    do throws(TokenizerError) {
      self = try withExtendedLifetime(file) { () throws(TokenizerError) in try Self(file.pointer) }
    } catch {
      throw error.about("\(checkpoint.path)/tokenizer.jsonl")
    }
  }

  /// The tokens of a file.
  init(_ bytes: UnsafeRawBufferPointer) throws(TokenizerError) {
    var line = 0
    for text in bytes.split(separator: UInt8(ascii: "\n")) {
      line += 1
      let parts = (try? JSON(parsing: UnsafeRawBufferPointer(rebasing: text)))?.asArray ?? []
      guard parts.count > 1, let token = parts[0].asString, let score = parts[1].asNumber else {
        throw TokenizerError("line \(line) is not a token and its score", advice: "download the file again")
      }
      texts.append(token)
      scores.append(score)
      types.append(Self.type(token, parts.count > 2 ? parts[2].asString : nil))
    }
    guard !texts.isEmpty else {
      throw TokenizerError("the file has no tokens", advice: "download the file again")
    }
  }

  private static func type(_ text: String, _ name: String?) -> Int32 {
    switch name {
    case "UNKNOWN": 2
    case "CONTROL": 3
    case "BYTE": 6
    default: text.hasPrefix("<|plamo:") && text.hasSuffix("|>") ? 3 : 1
    }
  }
}
