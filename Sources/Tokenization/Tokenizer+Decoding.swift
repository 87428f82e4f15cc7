extension Tokenizer {
  /// The text of a token sequence. Invalid UTF-8 becomes U+FFFD; ids outside the vocabulary are skipped.
  /// - Parameter skipSpecial: whether control tokens are skipped too.
  public func decode(_ ids: [Int32], skipSpecial: Bool) -> String {
    var bytes: [UInt8] = []
    for id in ids { appendBytes(of: id, skipSpecial: skipSpecial, to: &bytes) }
    if vocabulary.rules.stripsLeadingSpace, bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes that a token decodes to; often only part of a character. Empty for ids outside the vocabulary.
  public func bytes(of id: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    appendBytes(of: id, skipSpecial: false, to: &bytes)
    return bytes
  }

  func appendBytes(of id: Int32, skipSpecial: Bool, to bytes: inout [UInt8]) {
    guard let index = index(id) else { return }
    let traits = roles.traits(of: index)
    if skipSpecial, traits.contains(.special), !roles.visible.contains(index) { return }
    let token = vocabulary.token(index)
    if traits.contains(.byte), let byte = VocabularyCompiler.byte(named: token) {
      bytes.append(byte)
    } else if vocabulary.rules.alphabet == .characters {
      Metaspace.spaces(in: token) { bytes.append($0) }
    } else {
      bytes.append(contentsOf: token)
    }
  }
}
