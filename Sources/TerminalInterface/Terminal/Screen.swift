import CNcurses

/// Everything a frame shows: one line a row, and where the cursor is (nil hides it).
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

/// The only one who talks to ncurses. Rows that are the same as before cost one comparison; ncurses then sends only
/// the cells that changed. Lives on one thread.
package final class Screen {
  private var drawn: [StyledLine] = []
  private var theme: Theme
  private var glyphs = Glyphs()
  private let noColor: Bool
  private var looks: [TextStyle: Paint] = [:]

  private struct Paint {
    var attributes: Int32
    var foreground: Int32
    var background: Int32
  }

  /// Takes the terminal over. Nil when ncurses does not know its type.
  package init?(theme: Theme, environment: [String: String]) {
    let wanted = ColorDepth.wanted(environment: environment)
    self.theme = theme
    noColor = wanted.noColor
    glyphs.abilities.unicode = screen_utf8_locale()
    signals_guard_crashes()
    guard screen_start(wanted.direct) == 0 else { return nil }
  }

  /// Gives the terminal back.
  package func stop() { screen_stop() }

  package var size: ScreenSize {
    ScreenSize(rows: max(1, Int(screen_lines())), columns: max(1, Int(screen_columns())))
  }

  /// How many colours themes have here.
  package var depth: ColorDepth {
    if noColor { return .none }
    switch screen_color_mode() {
    case Int32(SCREEN_COLORS_DIRECT): return .direct
    case Int32(SCREEN_COLORS_PALETTE): return .palette(max(8, Int(screen_color_count())))
    default: return .none
    }
  }

  /// Draws with another theme from the next frame on.
  package func use(_ theme: Theme) {
    guard theme != self.theme else { return }
    self.theme = theme
    looks = [:]
    drawn = []
  }

  /// What the terminal was found to draw; all rows are drawn anew.
  package func use(_ abilities: TerminalAbilities) {
    var abilities = abilities
    abilities.unicode = glyphs.abilities.unicode
    guard abilities != glyphs.abilities else { return }
    glyphs.abilities = abilities
    drawn = []
  }

  /// Asks for the terminal's size after it changed.
  package func updateSize() {
    if screen_update_size() { drawn = [] }
  }

  /// Draws all cells anew with the next frame, as after something else wrote to the terminal.
  package func repaint() {
    drawn = []
    screen_repaint()
  }

  package func pause() { screen_pause() }

  package func resume() {
    screen_resume()
    screen_update_size()
    drawn = []
  }

  /// Asks how wide the terminal draws pictures: each is written at the left edge, and the cursor asked for. Returns
  /// the number of answers that will come, in the order of `TerminalProbe`.
  package func askForAbilities() -> Int {
    guard glyphs.abilities.unicode else { return 0 }
    let question = TerminalProbe.question
    question.withCString { screen_write_raw($0, question.utf8.count) }
    repaint()
    return TerminalProbe.answers
  }

  /// Writes a sequence past curses, such as OSC 52.
  package func writeRaw(_ text: String) {
    text.withCString { screen_write_raw($0, text.utf8.count) }
  }

  /// Shows a frame.
  package func draw(_ frame: Frame) {
    let size = size
    if drawn.count != size.rows { drawn = [] }
    for row in 0..<size.rows {
      let line = row < frame.lines.count ? frame.lines[row] : StyledLine()
      if row < drawn.count && drawn[row] == line { continue }
      draw(line, row: row, columns: size.columns)
    }
    drawn = (0..<size.rows).map { $0 < frame.lines.count ? frame.lines[$0] : StyledLine() }
    if let cursor = frame.cursor {
      screen_cursor(Int32(clamping: cursor.row), Int32(clamping: cursor.column))
    } else {
      screen_hide_cursor()
    }
    screen_flush()
  }

  private func draw(_ line: StyledLine, row: Int, columns: Int) {
    var column = 0
    for span in line.spans {
      let paint = paint(span.style)
      for character in span.text {
        for cell in glyphs.cells(of: character) {
          if column + cell.columns > columns { continue }
          put(cell.scalars, row, column, paint)
          column += cell.columns
        }
      }
    }
    let rest = paint(TextStyle(line.fill ?? .text))
    while column < columns {
      put([0x20], row, column, rest)
      column += 1
    }
  }

  private func put(_ scalars: [UInt32], _ row: Int, _ column: Int, _ paint: Paint) {
    scalars.withUnsafeBufferPointer { buffer in
      screen_put(
        Int32(row), Int32(column), buffer.baseAddress, Int32(buffer.count), paint.attributes,
        paint.foreground,
        paint.background)
    }
  }

  private func paint(_ style: TextStyle) -> Paint {
    if let known = looks[style] { return known }
    let depth = depth
    let look = theme.look(style.role, depth: depth)
    let paint = Paint(
      attributes: Int32(look.emphasis.union(style.emphasis).rawValue),
      foreground: Int32(look.foreground.value(for: depth)),
      background: Int32(look.background.value(for: depth)))
    looks[style] = paint
    return paint
  }
}
