import Foundation

/// Normalizes text before pre-tokenization, following `TokenizerRules.normalization`.
struct TextNormalizer {
  let steps: [TokenizerRules.Normalization]
  /// For the steps with a map.
  let map: CharacterMap?

  /// The normalized text; nil where nothing changes, so unchanged text is not copied.
  /// - Parameter isFirst: whether this is the start of the whole text.
  func apply(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8]? {
    var changed: [UInt8]?
    for step in steps {
      let result =
        if let changed {
          changed.withUnsafeBufferPointer { apply(step, $0, isFirst) }
        } else {
          apply(step, text, isFirst)
        }
      changed = result ?? changed
    }
    return changed
  }

  /// The normalized form of a whole text.
  func normalized(_ text: [UInt8]) -> [UInt8] {
    text.withUnsafeBufferPointer { apply($0, isFirst: true) } ?? text
  }

  private func apply(
    _ step: TokenizerRules.Normalization, _ text: UnsafeBufferPointer<UInt8>, _ isFirst: Bool
  ) -> [UInt8]? {
    guard let first = text.first else { return nil }
    switch step {
    case .nfc: return nfc(text)
    case .prependSpace: return first == UInt8(ascii: " ") ? nil : [UInt8(ascii: " ")] + text
    case .prependMetaspace: return Metaspace.bytes + text
    case .prependMetaspaceIfMissing, .prependMetaspaceAtStart:
      guard isFirst || step == .prependMetaspaceIfMissing, !text.starts(with: Metaspace.bytes) else {
        return nil
      }
      return Metaspace.bytes + text
    case .collapseSpaces:
      let words = text.split(separator: UInt8(ascii: " "))
      return Array(words.joined(separator: [UInt8(ascii: " ")]))
    case .mapCharacters: return map?.replacingKeys(in: text)
    case .mapGraphemes: return map?.replacingGraphemes(in: text)
    case .stripEnd:
      let string = String(decoding: text, as: UTF8.self).unicodeScalars
      guard string.last?.properties.isWhitespace == true else { return nil }
      let kept = string.reversed().drop { $0.properties.isWhitespace }.reversed()
      return kept.flatMap { Array(String($0).utf8) }
    case .stripEndMarks:
      var end = text.count
      while text[..<end].suffix(3).elementsEqual(Metaspace.bytes) { end -= 3 }
      return end == text.count ? nil : Array(text[..<end])
    case .markSpaceRuns, .joinSpaceRuns:
      return joiningRuns(text, step == .markSpaceRuns ? Metaspace.bytes : [UInt8(ascii: " ")])
    case .replaceSpaces:
      guard text.contains(UInt8(ascii: " ")) else { return nil }
      var result: [UInt8] = []
      result.reserveCapacity(text.count + text.count / 2)
      for byte in text {
        if byte == UInt8(ascii: " ") { result += Metaspace.bytes } else { result.append(byte) }
      }
      return result
    }
  }

  /// Runs of at least two spaces replaced; nil if there are none.
  private func joiningRuns(_ text: UnsafeBufferPointer<UInt8>, _ mark: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    var hasRuns = false
    var position = 0
    while position < text.count {
      let end = text[position...].firstIndex { $0 != UInt8(ascii: " ") } ?? text.count
      if end - position > 1 {
        result += mark
        hasRuns = true
        position = end
      } else {
        result.append(text[position])
        position += 1
      }
    }
    return hasRuns ? result : nil
  }

  /// Unicode normalization form C. No code point below U+0300 changes, so most text is only scanned.
  private func nfc(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard text.contains(where: { $0 >= 0xCC }) else { return nil }
    let string = String(decoding: text, as: UTF8.self)
    return Array(string.precomposedStringWithCanonicalMapping.utf8)
  }
}
