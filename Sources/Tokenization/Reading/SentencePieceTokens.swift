import Basics
import Checkpoints

/// The pieces of a SentencePiece model as GGUF files store them.
package struct SentencePieceTokens {
  /// The texts, in the order of the ids.
  package private(set) var texts: [String] = []
  package private(set) var scores: [Float] = []
  /// ggml's types, which are SentencePiece's except that a piece that the user defined is an ordinary one.
  package private(set) var types: [Int32] = []

  /// The pieces of tokenizer.model beside a checkpoint; nil if there is no such file, or it is another kind of file.
  /// - Throws: `TokenizerError` or `FileError` for a damaged file.
  package init?(_ checkpoint: Checkpoint) throws {
    guard let file = try checkpoint.tokenizerFile("tokenizer.model"), file.pointer.first == 0x0A else {
      return nil
    }
    try file.withUnsafeBytes { try read(ProtocolBuffer($0), "\(checkpoint.path)/tokenizer.model") }
  }

  private mutating func read(_ message: ProtocolBuffer, _ file: String) throws(TokenizerError) {
    let damaged = TokenizerError(
      file: file, "the file is not a SentencePiece model", advice: "download the file again")
    for field in message.fields {
      guard let field else { throw damaged }
      guard field.number == 1, case .bytes(let content) = field.value else { continue }
      var (text, score, type) = ("", Float(0), Int32(1))
      for part in ProtocolBuffer(content).fields {
        switch (part?.number, part?.value) {
        case (1, .bytes(let bytes)?): text = String(decoding: bytes, as: UTF8.self)
        case (2, .word(let bits)?): score = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        case (3, .word(let number)?): type = number == 4 || number > 6 ? 1 : Int32(number)
        case (nil, _): throw damaged
        default: break
        }
      }
      texts.append(text)
      scores.append(score)
      types.append(type)
    }
    guard !texts.isEmpty else { throw damaged }
  }
}
