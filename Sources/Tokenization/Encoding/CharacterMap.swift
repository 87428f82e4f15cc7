/// SentencePiece's precompiled map from characters to other text (`precompiled_charsmap`): the length of a trie, the trie
/// as a double array (https://github.com/s-yata/darts-clone), and the texts it leads to, each ended by a zero.
///
/// The bytes come from a file: every access is checked. A look-up costs one step for each byte of a key.
struct CharacterMap {
  private let trie: UnsafeRawBufferPointer
  private let texts: UnsafeRawBufferPointer

  /// - Returns: nil if the bytes do not have the format.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 8 else { return nil }
    let length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
    guard length >= 4, length % 4 == 0, length <= bytes.count - 4 else { return nil }
    trie = UnsafeRawBufferPointer(rebasing: bytes[4..<4 + length])
    texts = UnsafeRawBufferPointer(rebasing: bytes[(4 + length)...])
  }

  /// Every longest key replaced by its text, as SentencePiece does; nil if nothing changes.
  func replacingKeys(in text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    replacing(text) { position in
      var last: (length: Int, text: Int)?
      forEachKey(text, at: position, limit: text.count) { length, text in
        last = (length, text)
        return true
      }
      return last
    }
  }

  /// Every grapheme of less than six bytes replaced by the text of its shortest key, and other characters by that of
  /// theirs, as the `tokenizers` library does; nil if nothing changes.
  func replacingGraphemes(in text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    // The ends of short graphemes of several characters, by their start.
    var ends: [Int: Int] = [:]
    if text.contains(where: { $0 >= 0x80 || $0 == 13 }) {
      var position = 0
      for grapheme in String(decoding: text, as: UTF8.self) {
        let count = grapheme.utf8.count
        if count < 6, count > UTF8Text.length(startingWith: text[position]) {
          ends[position] = position + count
        }
        position += count
      }
    }
    return replacing(text) { position in
      func shortest(_ end: Int) -> Int? {
        var first: Int?
        forEachKey(text, at: position, limit: end) { _, text in
          first = text
          return false
        }
        return first
      }
      if let end = ends[position], let found = shortest(end) { return (end - position, found) }
      let length = min(UTF8Text.length(startingWith: text[position]), text.count - position)
      return shortest(position + length).map { (length, $0) }
    }
  }

  /// - Parameter find: the length of what is replaced at a position, and the offset of its new text.
  private func replacing(
    _ text: UnsafeBufferPointer<UInt8>, _ find: (_ position: Int) -> (length: Int, text: Int)?
  ) -> [UInt8]? {
    var result: [UInt8]?
    var position = 0
    while position < text.count {
      if let (length, offset) = find(position) {
        var changed = result ?? Array(text[..<position])
        appendText(offset, to: &changed)
        result = changed
        position += length
      } else {
        let end = min(position + UTF8Text.length(startingWith: text[position]), text.count)
        result?.append(contentsOf: text[position..<end])
        position = end
      }
    }
    return result
  }

  /// Calls `body` with the length of each key that starts at `position` and the offset of its text, the shortest first,
  /// until it returns false.
  private func forEachKey(
    _ text: UnsafeBufferPointer<UInt8>, at position: Int, limit: Int,
    _ body: (_ length: Int, _ text: Int) -> Bool
  ) {
    guard var node = unit(0).map({ Int(Self.offset($0)) }) else { return }
    var next = position
    while next < limit {
      let byte = text[next]
      node ^= Int(byte)
      // The label of a child, with a flag that leaves have.
      guard let child = unit(node), child & 0x8000_00FF == UInt32(byte) else { return }
      node ^= Int(Self.offset(child))
      next += 1
      if child >> 8 & 1 != 0, let leaf = unit(node), !body(next - position, Int(leaf & 0x7FFF_FFFF)) {
        return
      }
    }
  }

  private static func offset(_ unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & 1 << 9) >> 6) }

  private func unit(_ index: Int) -> UInt32? {
    guard index < trie.count / 4 else { return nil }
    return UInt32(littleEndian: trie.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
  }

  private func appendText(_ offset: Int, to result: inout [UInt8]) {
    var position = offset
    while position < texts.count, texts[position] != 0 {
      result.append(texts[position])
      position += 1
    }
  }
}
