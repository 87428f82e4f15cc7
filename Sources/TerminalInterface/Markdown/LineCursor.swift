/// A place in a line. It counts columns: a tab extends to the next multiple of four, and may be passed in part.
struct LineCursor {
  private let bytes: [UInt8]
  private var offset = 0
  private var column = 0
  /// The columns of the last tab that are not passed yet.
  private var spare = 0

  init(_ line: String) { bytes = Array(line.utf8) }

  /// The number of bytes that are not passed yet, without those of a tab passed in part.
  var count: Int { bytes.count - offset }

  /// The columns of white space here.
  var indent: Int {
    var end = column + spare
    for byte in bytes[offset...] {
      switch byte {
      case UInt8(ascii: " "): end += 1
      case UInt8(ascii: "\t"): end += 4 - end % 4
      default: return end - column
      }
    }
    return end - column
  }

  /// Whether only white space follows.
  var isBlank: Bool { bytes[offset...].allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

  /// The byte here, which is not white space after `skipIndent`.
  var byte: UInt8? { spare == 0 && offset < bytes.count ? bytes[offset] : nil }

  /// The text from here on; the rest of a tab passed in part is spaces.
  var rest: String {
    String(repeating: " ", count: spare) + String(decoding: bytes[offset...], as: UTF8.self)
  }

  /// The text from here on without white space around it.
  var content: String { MarkdownLine.indent(rest).content }

  /// The text from here on without the white space before it.
  var text: String { String(rest.drop { $0 == " " || $0 == "\t" }) }

  /// Passes at most `columns` of white space.
  mutating func advance(columns: Int) {
    var left = columns
    while left > 0 {
      if spare > 0 {
        let taken = min(spare, left)
        (spare, column, left) = (spare - taken, column + taken, left - taken)
      } else if offset < bytes.count, bytes[offset] == UInt8(ascii: " ") {
        (offset, column, left) = (offset + 1, column + 1, left - 1)
      } else if offset < bytes.count, bytes[offset] == UInt8(ascii: "\t") {
        (offset, spare) = (offset + 1, 4 - column % 4)
      } else {
        return
      }
    }
  }

  /// Passes the white space here.
  mutating func skipIndent() { advance(columns: indent) }

  /// Passes bytes of one column each that are not tabs.
  mutating func advance(bytes count: Int) {
    offset += count
    column += count
  }

  /// The marker of a list item here.
  var item: ItemMarker? {
    let rest = bytes[offset...]
    guard let first = rest.first, spare == 0 else { return nil }
    var marker = ItemMarker(mark: first, number: nil, length: 1)
    if (0x30...0x39).contains(first) {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard digits.count <= 9, let mark = rest.dropFirst(digits.count).first, mark == 0x2E || mark == 0x29
      else {
        return nil
      }
      let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
      marker = ItemMarker(mark: mark, number: number, length: digits.count + 1)
    } else if first != UInt8(ascii: "-"), first != UInt8(ascii: "+"), first != UInt8(ascii: "*") {
      return nil
    }
    let next = rest.dropFirst(marker.length).first
    return next == nil || next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") ? marker : nil
  }
}

/// The marker of a list item as written.
struct ItemMarker {
  /// The bullet, or the character after the number.
  var mark: UInt8
  /// Nil for a bullet.
  var number: Int?
  /// Its bytes, each of which takes one column.
  var length: Int
}
