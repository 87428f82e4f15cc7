/// Reads RWKV's world vocabulary, `rwkv_vocab_v20230424.txt`: lines of an id, a Python literal (a string or bytes) and the
/// number of its bytes (https://github.com/BlinkDL/ChatRWKV/tree/main/tokenizer). Text is always divided into the longest
/// tokens. Token 0, which the file does not list, ends a text.
enum RWKVReader {
  /// The name of token 0.
  private static let end = "<|rwkv_tokenizer_end_of_text|>"

  /// The vocabulary of a file.
  static func read(_ bytes: UnsafeRawBufferPointer) throws(TokenizerError) -> VocabularyDraft {
    var draft = VocabularyDraft()
    draft.rules.segmentation = .longest
    draft.add(Array(end.utf8), [.special, .added])
    var line = 0
    for text in bytes.split(separator: UInt8(ascii: "\n")) {
      line += 1
      guard let first = text.firstIndex(of: UInt8(ascii: " ")),
        let last = text.lastIndex(of: UInt8(ascii: " ")),
        first < last, let id = Int(String(decoding: text[..<first], as: UTF8.self)),
        let token = literal(Array(text[text.index(after: first)..<last])),
        token.count
          == Int(String(decoding: text[text.index(after: last)...].filter { $0 != 13 }, as: UTF8.self))
      else {
        throw TokenizerError(
          "line \(line) is not an id, a token and its length", advice: "download the file again")
      }
      guard id >= draft.count, id < draft.count + 4096 else {
        throw TokenizerError(
          "line \(line): id \(id) does not follow \(draft.count - 1)", advice: "download the file again")
      }
      draft.fill(to: id)
      draft.add(token, .mergeable)
    }
    draft.rules.eos = 0
    draft.rules.bos = 0
    draft.rules.endOfGeneration = [0]
    return draft
  }

  /// The bytes of a Python literal: `'text'`, `"text"` or `b'bytes'`; nil if it is damaged.
  static func literal(_ text: [UInt8]) -> [UInt8]? {
    let isBytes = text.first == UInt8(ascii: "b")
    let quoted = text.dropFirst(isBytes ? 1 : 0)
    guard quoted.count >= 2, let quote = quoted.first, quote == quoted.last,
      quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
    else { return nil }
    return unescaped(quoted.dropFirst().dropLast(), isBytes: isBytes)
  }

  /// - Parameter isBytes: whether `\xNN` is a byte, as opposed to a code point.
  static func unescaped(_ text: ArraySlice<UInt8>, isBytes: Bool) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = text
    func number(_ digits: Int) -> UInt32? {
      guard rest.count >= digits else { return nil }
      let value = UInt32(String(decoding: rest.prefix(digits), as: UTF8.self), radix: 16)
      rest = rest.dropFirst(digits)
      return value
    }
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard let kind = rest.popFirst() else { return nil }
      switch kind {
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
        let digits = kind == UInt8(ascii: "x") ? 2 : kind == UInt8(ascii: "u") ? 4 : 8
        guard let value = number(digits) else { return nil }
        if isBytes, digits == 2 {
          result.append(UInt8(truncatingIfNeeded: value))
        } else {
          guard let scalar = Unicode.Scalar(value) else { return nil }
          result += Array(String(Character(scalar)).utf8)
        }
      default: result.append(kind)
      }
    }
    return result
  }
}
