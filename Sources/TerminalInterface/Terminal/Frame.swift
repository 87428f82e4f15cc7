/// The contents of the screen: one line per row, and the cursor (nil hides it).
package struct Frame: Sendable, Equatable {
  package struct Position: Sendable, Equatable {
    package var row: Int
    package var column: Int
  }

  package var lines: [StyledLine]
  package var cursor: Position?
}

/// The size of the screen in cells, at least 1 by 1.
package struct ScreenSize: Sendable, Equatable {
  package var rows: Int
  package var columns: Int

  package init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }
}
