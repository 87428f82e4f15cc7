import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The rows in the leaf pages of an SQLite file's tables. Rows that are damaged are left out.
struct DatabaseRows {
  private let pages: DatabasePages
  /// The bytes of long rows that may still be read: damaged rows may share their pages.
  private var budget: Int

  init(_ pages: DatabasePages) {
    self.pages = pages
    budget = 2 * pages.count * pages.size + (1 << 20)
  }

  /// Calls `body` with the columns of each row, texts as bytes.
  mutating func forEach(_ body: ([DatabaseValue]) -> Void) {
    for number in pages.numbers {
      guard let page = pages.page(number) else { continue }
      let bytes = [UInt8](page)
      let header = number == 1 ? 100 : 0
      // A leaf of a table. https://www.sqlite.org/fileformat.html#b_tree_pages
      guard bytes.count >= header + 8, bytes[header] == 0x0D else { continue }
      let count = Int(bytes[header + 3]) << 8 | Int(bytes[header + 4])
      for index in 0..<count {
        let pointer = header + 8 + 2 * index
        guard pointer + 2 <= bytes.count else { break }
        let start = Int(bytes[pointer]) << 8 | Int(bytes[pointer + 1])
        guard start >= header + 8, let payload = payload(bytes, at: start) else { continue }
        if let row = Self.columns(payload) { body(row) }
      }
    }
  }

  /// The payload of a cell, with its overflow pages; nil if it is damaged.
  private mutating func payload(_ page: [UInt8], at start: Int) -> [UInt8]? {
    var cursor = start
    guard let size = Self.varint(page, &cursor), Self.varint(page, &cursor) != nil,
      size > 0, size <= pages.count * pages.size
    else { return nil }
    let local = localSize(size)
    guard cursor + local + (local < size ? 4 : 0) <= page.count else { return nil }
    var payload = Array(page[cursor..<cursor + local])
    guard local < size else { return payload }
    budget -= size
    guard budget >= 0 else { return nil }
    var next = Self.number(page[(cursor + local)..<(cursor + local + 4)])
    while payload.count < size {
      guard let overflow = pages.page(next), overflow.count > 4 else { return nil }
      next = Self.number(overflow.prefix(4))
      payload += overflow.dropFirst(4).prefix(size - payload.count)
    }
    return payload
  }

  /// The bytes of a payload that are in the leaf itself.
  private func localSize(_ size: Int) -> Int {
    let usable = pages.size
    let most = usable - 35
    if size <= most { return size }
    let least = (usable - 12) * 32 / 255 - 23
    let part = least + (size - least) % (usable - 4)
    return part <= most ? part : least
  }

  /// The columns of a record; nil if it is damaged. https://www.sqlite.org/fileformat.html#record_format
  private static func columns(_ record: [UInt8]) -> [DatabaseValue]? {
    var cursor = 0
    guard let headerSize = varint(record, &cursor), headerSize >= cursor, headerSize <= record.count else {
      return nil
    }
    var row: [DatabaseValue] = []
    var body = headerSize
    while cursor < headerSize {
      guard let type = varint(record, &cursor), cursor <= headerSize, row.count < 64 else { return nil }
      let widths = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0]
      guard type < 10 || type >= 12 else { return nil }
      let width = type < 10 ? widths[type] : (type - 12) / 2
      guard width <= record.count - body else { return nil }
      row.append(value(type, record[body..<body + width]))
      body += width
    }
    return row
  }

  private static func value(_ type: Int, _ bytes: ArraySlice<UInt8>) -> DatabaseValue {
    switch type {
    case 0: return .null
    case 1...6:
      let isNegative = bytes.first.map { $0 >= 0x80 } ?? false
      return bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }.databaseValue
    case 7: return Double(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) }).databaseValue
    case 8, 9: return Int64(type - 8).databaseValue
    default: return Data(bytes).databaseValue
    }
  }

  /// A variable-length integer of at most nine bytes; nil at the end of the bytes, and for a negative number.
  private static func varint(_ bytes: [UInt8], _ cursor: inout Int) -> Int? {
    var result: UInt64 = 0
    for index in 0..<9 {
      guard cursor < bytes.count else { return nil }
      let byte = bytes[cursor]
      cursor += 1
      if index == 8 {
        result = result << 8 | UInt64(byte)
      } else {
        result = result << 7 | UInt64(byte & 0x7F)
        if byte < 0x80 { break }
      }
    }
    return Int(exactly: result)
  }

  private static func number(_ bytes: some Collection<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }
}
