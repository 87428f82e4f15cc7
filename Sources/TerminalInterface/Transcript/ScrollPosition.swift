/// The visible part of the transcript. A position is a row of an entry, not an offset from the top, so new text below
/// and a new width do not move it.
package enum ScrollPosition: Sendable, Equatable {
  /// The end of the transcript, following new text.
  case live
  /// A fixed row at the top of the screen.
  case fixed(Top)

  package struct Top: Sendable, Equatable {
    package var entry: Int
    package var row: Int
    /// The rows of that entry when the position was set, to restore the place after a change of the width.
    package var entryRows: Int

    package init(entry: Int, row: Int, entryRows: Int) {
      self.entry = entry
      self.row = row
      self.entryRows = entryRows
    }
  }

  /// The row at the top of a view of `height` rows.
  package func top(_ rows: some TranscriptRows, height: Int) -> Top {
    switch self {
    case .fixed(let top) where top.entry < rows.entryCount:
      return Top(
        entry: top.entry, row: min(top.row, max(0, rows.rowCount(top.entry) - 1)), entryRows: top.entryRows)
    default: return Self.end(rows, height: height)
    }
  }

  /// The top of the last `height` rows.
  package static func end(_ rows: some TranscriptRows, height: Int) -> Top {
    var left = height
    var entry = rows.entryCount - 1
    while entry >= 0 {
      let count = rows.rowCount(entry)
      if count >= left { return Top(entry: entry, row: count - left, entryRows: count) }
      left -= count
      entry -= 1
    }
    return Top(entry: 0, row: 0, entryRows: rows.entryCount > 0 ? rows.rowCount(0) : 0)
  }

  /// The position after scrolling by some rows, up if negative. At the end it becomes live.
  package func scrolled(by amount: Int, _ rows: some TranscriptRows, height: Int) -> ScrollPosition {
    guard rows.entryCount > 0 else { return .live }
    var top = top(rows, height: height)
    var left = amount
    while left < 0 {
      if top.row > 0 {
        let step = min(top.row, -left)
        top.row -= step
        left += step
      } else if top.entry > 0 {
        top.entry -= 1
        top.row = rows.rowCount(top.entry)
      } else {
        break
      }
    }
    let end = Self.end(rows, height: height)
    while left > 0 && (top.entry, top.row) < (end.entry, end.row) {
      let step = min(left, max(0, rows.rowCount(top.entry) - top.row))
      top.row += step
      left -= step
      if left > 0 || top.row >= rows.rowCount(top.entry) {
        guard top.entry + 1 < rows.entryCount else { break }
        top.entry += 1
        top.row = 0
      }
    }
    if amount > 0 && (top.entry, top.row) >= (end.entry, end.row) { return .live }
    if amount < 0 && (top.entry, top.row) == (end.entry, end.row) && end.entry == 0 && end.row == 0 {
      return .live
    }
    top.entryRows = rows.rowCount(top.entry)
    return .fixed(top)
  }

  /// The same relative place in its entry after a change of the width.
  package func reflowed(_ rows: some TranscriptRows) -> ScrollPosition {
    guard case .fixed(var top) = self, top.entry < rows.entryCount, top.entryRows > 0 else { return self }
    let now = rows.rowCount(top.entry)
    top.row = min(max(0, now - 1), (top.row * now + top.entryRows / 2) / top.entryRows)
    top.entryRows = now
    return .fixed(top)
  }
}

/// The number of rows of each entry, as needed for scrolling.
package protocol TranscriptRows {
  var entryCount: Int { get }
  func rowCount(_ index: Int) -> Int
}

extension TranscriptRenderer: TranscriptRows {}
