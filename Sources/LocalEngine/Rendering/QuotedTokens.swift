import Basics
import Tokenization

/// Ensures that special tokens come from the template alone: a message that contains "<|im_end|>" does not end
/// its turn.
///
/// A template joins its own special tokens and the messages into one text, in which they look alike. So a marker
/// is inserted into the messages before each text of a special token; after rendering, the markers are located
/// and removed. The marker is a number between two noncharacters. Messages can contain such sequences too, so
/// the smallest number is used that they do not contain; as there are infinitely many, there is always one.
/// The first character of the marker occurs in it only once, so markers never overlap other text that looks
/// like one.
public struct QuotedTokens: Sendable {
  /// The messages with markers.
  public let messages: JSON
  /// The marker, and the forms in which `tojson` and Python's `repr` write it.
  private let markers: [[UInt8]]

  /// U+FDD0 and U+FDD1 in UTF-8; noncharacters are not allowed in string literals.
  private static let open: [UInt8] = [0xEF, 0xB7, 0x90]
  private static let close: [UInt8] = [0xEF, 0xB7, 0x91]
  private static let escapedOpen = Array("\\ufdd0".utf8)
  private static let escapedClose = Array("\\ufdd1".utf8)

  /// - Returns: nil if no message contains the text of a special token, as usual.
  public init?(_ messages: JSON, _ tokenizer: Tokenizer) {
    var texts: [String] = []
    _ = messages.mappingStrings { text in
      texts.append(text)
      return text
    }
    guard texts.contains(where: { !tokenizer.specialTokens(in: $0).isEmpty }) else { return nil }
    let number = Self.unusedNumber(texts)
    let digits = Array("\(number)".utf8)
    let marker = Self.open + digits + Self.close
    markers = [marker, Self.escapedOpen + digits + Self.escapedClose]
    self.messages = messages.mappingStrings { text in
      let offsets = tokenizer.specialTokens(in: text)
      guard !offsets.isEmpty else { return text }
      var bytes: [UInt8] = []
      for (offset, byte) in text.utf8.enumerated() {
        if offsets[offset] != nil { bytes += marker }
        bytes.append(byte)
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The smallest number that no text contains in a marker, in either written form.
  private static func unusedNumber(_ texts: [String]) -> Int {
    var used: Set<Int> = []
    for text in texts {
      let bytes = Array(text.utf8)
      for (open, close) in [(open, close), (escapedOpen, escapedClose)] {
        for position in bytes.indices
        where bytes[position] == open[0] && bytes[position...].starts(with: open) {
          let rest = bytes[(position + open.count)...]
          let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
          guard digits.count < 16, rest.dropFirst(digits.count).starts(with: close) else { continue }
          if let number = Int(String(decoding: digits, as: UTF8.self)) { used.insert(number) }
        }
      }
    }
    var number = 0
    while used.contains(number) { number += 1 }
    return number
  }

  /// The rendered text without the markers.
  public func unmarked(_ rendered: String) -> RenderedText {
    var bytes: [UInt8] = []
    var quoted: [Int] = []
    var rendered = rendered
    rendered.withUTF8 { text in
      var position = 0
      while position < text.count {
        let rest = text[position...]
        if let marker = markers.first(where: { rest.first == $0.first && rest.starts(with: $0) }) {
          if quoted.last != bytes.count { quoted.append(bytes.count) }
          position += marker.count
        } else {
          bytes.append(text[position])
          position += 1
        }
      }
    }
    return RenderedText(String(decoding: bytes, as: UTF8.self), quoted: quoted)
  }
}

extension JSON {
  /// The same value with every string changed, except keys.
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
