extension Tokenizer {
  /// The text of some tokens. Bytes that make no character become U+FFFD; ids that are no token are left out.
  /// - Parameter skipSpecial: whether control tokens are left out too.
  public func decode(_ ids: [Int32], skipSpecial: Bool) -> String {
    var bytes: [UInt8] = []
    for id in ids { appendBytes(of: id, skipSpecial: skipSpecial, to: &bytes) }
    if vocabulary.rules.dropsFirstSpace, bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes of text that a token stands for; often only a part of a character. Nothing for ids that are no
  /// token.
  public func bytes(of id: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    appendBytes(of: id, skipSpecial: false, to: &bytes)
    return bytes
  }

  func appendBytes(of id: Int32, skipSpecial: Bool, to bytes: inout [UInt8]) {
    guard let index = index(id) else { return }
    let traits = vocabulary.traits(of: index)
    if skipSpecial, traits.contains(.special) { return }
    let token = vocabulary.token(index)
    if traits.contains(.byte), let byte = VocabularyCompiler.byte(named: token) {
      bytes.append(byte)
    } else if vocabulary.rules.alphabet == .characters {
      SpaceMark.spaces(in: token) { bytes.append($0) }
    } else {
      bytes.append(contentsOf: token)
    }
  }
}
