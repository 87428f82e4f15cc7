import Foundation

/// Prepares text for merging, as `TokenizerRules.normalization` says.
struct TextNormalizer {
  let steps: [TokenizerRules.Normalization]

  /// The changed text; nil where it stays as it is, which is seen without a copy for plain text.
  /// - Parameter isFirst: whether this is the beginning of the whole text.
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

  private func apply(
    _ step: TokenizerRules.Normalization, _ text: UnsafeBufferPointer<UInt8>, _ isFirst: Bool
  ) -> [UInt8]? {
    guard let first = text.first else { return nil }
    switch step {
    case .composed: return composed(text)
    case .prefixSpace: return first == UInt8(ascii: " ") ? nil : [UInt8(ascii: " ")] + text
    case .prefixMark: return SpaceMark.bytes + text
    case .unlessPrefixMark, .firstPrefixMark:
      guard isFirst || step == .unlessPrefixMark, !text.starts(with: SpaceMark.bytes) else { return nil }
      return SpaceMark.bytes + text
    case .marksForSpaces:
      guard text.contains(UInt8(ascii: " ")) else { return nil }
      var result: [UInt8] = []
      result.reserveCapacity(text.count + text.count / 2)
      for byte in text {
        if byte == UInt8(ascii: " ") { result += SpaceMark.bytes } else { result.append(byte) }
      }
      return result
    }
  }

  /// Unicode's normalization form C. Nothing below U+0300 can change, so most text is only looked through.
  private func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard text.contains(where: { $0 >= 0xCC }) else { return nil }
    let string = String(decoding: text, as: UTF8.self)
    return Array(string.precomposedStringWithCanonicalMapping.utf8)
  }
}
