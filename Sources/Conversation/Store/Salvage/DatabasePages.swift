#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The pages of an SQLite file, damaged or not, as its write-ahead log left them.
///
/// SQLite gives up a table at its first damaged page; this reads every page by itself. Nothing in the file is trusted:
/// all numbers are checked. https://www.sqlite.org/fileformat.html
struct DatabasePages {
  /// The bytes of a page.
  let size: Int
  /// The number of pages.
  let count: Int
  private let file: Data
  private let log: Data
  /// The pages in the log, by number, as offsets.
  private var logged: [Int: Int] = [:]

  /// The largest file that is read.
  private static let limit = 1 << 31

  /// The pages of a file and of the log beside it; nil if the file cannot be read.
  /// - Parameter size: the bytes of a page; nil for what the header says.
  init?(path: String, size wanted: Int? = nil) {
    let address = URL(fileURLWithPath: path)
    guard let file = try? Data(contentsOf: address), file.count <= Self.limit, !file.isEmpty else {
      return nil
    }
    self.file = file
    let log = try? Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
    self.log = log.flatMap { $0.count <= Self.limit ? $0 : nil } ?? Data()
    let stored = file.count >= 18 ? Int(file[16]) << 8 | Int(file[17]) : 0
    size = wanted ?? (stored == 1 ? 65536 : stored)
    guard (512...65536).contains(size), size & (size - 1) == 0 else { return nil }
    count = (file.count + size - 1) / size
    readLog()
  }

  /// A page, the first being number 1; the last page of a file may be short. Nil for none.
  func page(_ number: Int) -> Data? {
    if let offset = logged[number] { return log[offset..<offset + size] }
    guard number >= 1, number <= count else { return nil }
    let start = (number - 1) * size
    return file[start..<min(start + size, file.count)]
  }

  /// The numbers of all pages, those that are only in the log included.
  var numbers: [Int] { Array(1...max(1, count)) + logged.keys.filter { $0 > count }.sorted() }

  // The frames of the log up to the last commit. Those of an earlier use of the log have other salts.
  // https://www.sqlite.org/fileformat.html#walformat
  private mutating func readLog() {
    guard log.count >= 32, number(log, 0) & ~1 == 0x377F_0682, number(log, 8) == size else { return }
    let salts = (number(log, 16), number(log, 20))
    var uncommitted: [Int: Int] = [:]
    var start = 32
    while start + 24 + size <= log.count, number(log, start + 8) == salts.0,
      number(log, start + 12) == salts.1
    {
      uncommitted[number(log, start)] = start + 24
      if number(log, start + 4) != 0 {
        logged.merge(uncommitted) { $1 }
        uncommitted = [:]
      }
      start += 24 + size
    }
  }

  private func number(_ data: Data, _ offset: Int) -> Int {
    data[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }
}
