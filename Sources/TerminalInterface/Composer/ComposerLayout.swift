/// The rows of a draft, with the position of each element and of the cursor. One pass over the draft.
package struct ComposerLayout {
  package struct Place: Equatable {
    package var row: Int
    package var column: Int
  }

  /// The elements of each row.
  package private(set) var rows: [Range<Int>] = []
  /// The position of each element, and then the position after the last.
  package private(set) var places: [Place] = []
  package let width: Int
  private let draft: Draft

  /// Lays out a draft in rows of `width` columns. Rows break at spaces; the cursor always has its own column.
  package init(_ draft: Draft, width: Int) {
    self.draft = draft
    self.width = max(2, width)
    places.reserveCapacity(draft.elements.count + 1)
    var start = 0
    var column = 0
    var breakAfter: Int?
    for (index, element) in draft.elements.enumerated() {
      if element == .character("\n") {
        places.append(Place(row: rows.count, column: column))
        rows.append(start..<index + 1)
        (start, column, breakAfter) = (index + 1, 0, nil)
        continue
      }
      var columns = columns(of: element, at: column)
      // The last column is reserved for the cursor; a space may use it, as the row ends there.
      let room = element == .character(" ") ? self.width : self.width - 1
      while column + columns > room && index > start {
        let cut = breakAfter ?? index
        rows.append(start..<cut)
        column = 0
        for moved in cut..<index {
          places[moved] = Place(row: rows.count, column: column)
          column += self.columns(of: draft.elements[moved], at: column)
        }
        (start, breakAfter) = (cut, nil)
        columns = self.columns(of: element, at: column)
        if cut == index { break }
      }
      places.append(Place(row: rows.count, column: column))
      column += columns
      if element == .character(" ") { breakAfter = index + 1 }
    }
    places.append(Place(row: rows.count, column: column))
    rows.append(start..<draft.elements.count)
  }

  /// The position of the cursor.
  package var cursor: Place { places[min(draft.cursor, places.count - 1)] }

  /// The element before which the cursor is placed for a column of a row.
  package func element(row: Int, column: Int) -> Int {
    guard rows.indices.contains(row) else { return row < 0 ? 0 : draft.elements.count }
    let range = rows[row]
    var best = range.lowerBound
    for index in range where places[index].column <= column { best = index }
    let isLast = row == rows.count - 1
    if isLast, let end = places.last, end.column <= column { return draft.elements.count }
    return best
  }

  /// One row as drawn.
  package func line(_ row: Int) -> StyledLine {
    var line = StyledLine()
    var column = 0
    for index in rows[row] {
      let element = draft.elements[index]
      switch element {
      case .character("\n"): break
      case .character("\t"):
        line.append(String(repeating: " ", count: columns(of: element, at: column)), .init(.composer))
      case .character(let character): line.append(Self.visible(character), TextStyle(.composer))
      case .chip, .attachment: line.append(chipLabel(element), TextStyle(.chip))
      }
      column += columns(of: element, at: column)
    }
    return line
  }

  private static func visible(_ character: Character) -> String {
    VisibleText.singleLine(String(character))
  }

  private func chipLabel(_ element: Draft.Element) -> String {
    let label =
      switch element {
      case .character: ""
      case .chip(let text): Draft.label(of: text)
      case .attachment(let name, _): "[\(VisibleText.singleLine(name))]"
      }
    return StyledLine(label, .chip).truncated(to: max(1, width - 2)).text
  }

  private func columns(of element: Draft.Element, at column: Int) -> Int {
    switch element {
    case .character("\t"): 4 - column % 4
    case .character(let character): CharacterWidth.columns(of: Self.visible(character))
    case .chip, .attachment: CharacterWidth.columns(of: chipLabel(element))
    }
  }
}
