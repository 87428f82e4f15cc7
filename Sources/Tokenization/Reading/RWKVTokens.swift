import Checkpoints

/// The tokens of RWKV's vocabulary as GGUF files store them: bytes with Python's escapes.
package struct RWKVTokens {
  /// The texts, in the order of the ids; nil where an id has no token. The first one ends a text.
  package let texts: [String?]

  /// The tokens of the vocabulary beside a checkpoint; nil if it has none.
  /// - Throws: `TokenizerError` or `FileError` for a damaged file.
  package init?(_ checkpoint: Checkpoint) throws {
    let name = "rwkv_vocab_v20230424.txt"
    guard let file = try checkpoint.tokenizerFile(name) else { return nil }
    let draft: VocabularyDraft
    do throws(TokenizerError) {
      draft = try withExtendedLifetime(file) { () throws(TokenizerError) in try RWKVReader.read(file.pointer)
      }
    } catch {
      throw error.about("\(checkpoint.path)/\(name)")
    }
    texts = (0..<draft.count).map { id in
      id == 0 ? "<s>" : draft.traits[id].contains(.mergeable) ? Self.escaped(draft.token(id)) : nil
    }
  }

  /// Bytes as Python writes them, without the quotes.
  private static func escaped(_ bytes: some Collection<UInt8>) -> String {
    let (quote, doubleQuote) = (UInt8(ascii: "'"), UInt8(ascii: "\""))
    // Python puts double quotes around bytes with a single quote, unless there are both.
    let escapesQuotes = bytes.contains(quote) && bytes.contains(doubleQuote)
    return bytes.map { byte in
      switch byte {
      case UInt8(ascii: "\\"): "\\\\"
      case UInt8(ascii: "\n"): "\\n"
      case UInt8(ascii: "\r"): "\\r"
      case UInt8(ascii: "\t"): "\\t"
      case quote where escapesQuotes: "\\'"
      case 0x20..<0x7F: String(UnicodeScalar(byte))
      default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }.joined()
  }
}
