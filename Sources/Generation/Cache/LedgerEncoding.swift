import Tokenization

/// Encodes a rendered conversation so that what a ledger already holds keeps its token ids.
///
/// A model may write a word in other tokens than the tokenizer would choose, so encoding the answer's
/// text anew could differ from what the cache holds. Where the ledger's text is a prefix of the rendered
/// text up to one of its special tokens, the ledger's own ids are kept up to there (a special token is
/// never joined with its neighbours) and only the rest is encoded.
enum LedgerEncoding {
  /// - Parameter rendered: the whole prompt; special tokens in it are recognised.
  static func encode(_ rendered: String, ledger: [Int32], tokenizer: Tokenizer) -> [Int32] {
    let text = Array(rendered.utf8)
    var position = 0
    var kept = 0
    var keptPosition = 0
    for (index, id) in ledger.enumerated() {
      let bytes = tokenizer.bytes(of: id)
      guard text[position...].starts(with: bytes) else { break }
      position += bytes.count
      if tokenizer.isSpecial(id) {
        kept = index + 1
        keptPosition = position
      }
    }
    guard kept > 0 else { return tokenizer.encode(rendered, addSpecial: false, parseSpecial: true) }
    let rest = String(decoding: text[keptPosition...], as: UTF8.self)
    return ledger[..<kept] + tokenizer.encode(rest, addSpecial: false, parseSpecial: true)
  }
}
