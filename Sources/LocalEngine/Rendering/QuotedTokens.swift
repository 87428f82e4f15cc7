import Basics
import Tokenization

/// Sees to it that special tokens come from the template alone: whoever writes "<|im_end|>" in a message has
/// written about it, and has not ended the message.
///
/// A template joins its own tokens and the messages into one text, in which both look alike. So each such place in
/// a message is marked before it is rendered, with a character that stands for nothing (Unicode sets 32 aside for
/// a program's own use) and that the messages do not hold; behind the template the marks are found and taken out.
public struct QuotedTokens: Sendable {
  /// The messages, marked.
  public let messages: JSON
  private let mark: Unicode.Scalar

  /// - Returns: nil where nothing in the messages reads like a special token, as in nearly all.
  public init?(_ messages: JSON, _ tokenizer: Tokenizer) {
    var texts: [String] = []
    _ = messages.mappingStrings { text in
      texts.append(text)
      return text
    }
    guard texts.contains(where: { !tokenizer.specialTokens(in: $0).isEmpty }) else { return nil }
    let marks = (0xFDD0...0xFDEF).compactMap { Unicode.Scalar($0 as UInt32) }
    guard let mark = marks.first(where: { mark in !texts.contains { $0.unicodeScalars.contains(mark) } })
    else { return nil }
    self.mark = mark
    self.messages = messages.mappingStrings { text in
      let positions = tokenizer.specialTokens(in: text)
      guard !positions.isEmpty else { return text }
      var bytes: [UInt8] = []
      for (offset, byte) in text.utf8.enumerated() {
        if positions[offset] != nil { bytes += UTF8.encode(mark).map { Array($0) } ?? [] }
        bytes.append(byte)
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// What the template made of the messages, without the marks.
  public func unmarked(_ rendered: String) -> RenderedText {
    var result = RenderedText("")
    for (index, part) in rendered.unicodeScalars.split(separator: mark, omittingEmptySubsequences: false)
      .enumerated()
    {
      if index > 0 { result.quoted.append(result.text.utf8.count) }
      result.text.unicodeScalars += part
    }
    return result
  }
}

extension JSON {
  /// The same value with every text changed, keys aside.
  fileprivate func mappingStrings(_ change: (String) -> String) -> JSON {
    switch self {
    case .string(let text): return .string(change(text))
    case .array(let list): return .array(list.map { $0.mappingStrings(change) })
    case .object(var object):
      for (key, value) in zip(object.keys, object.values) { object[key] = value.mappingStrings(change) }
      return .object(object)
    case .null, .bool, .integer, .number: return self
    }
  }
}
