import CNcurses

/// The only type that calls ncurses. Unchanged rows cost one comparison; ncurses sends only the changed cells. Used on
/// one thread only.
package final class Screen {
  private var drawn: [StyledLine] = []
  private var theme: Theme
  private var glyphs = Glyphs()
  private let noColor: Bool
  private var paints: [TextStyle: Paint] = [:]
  /// The links in the rows that this frame draws.
  private var links: [Hyperlinks.Run] = []
  /// Whether the terminal draws combining characters over others, as for struck text.
  private let combines: Bool

  /// Starts ncurses. Nil when it does not know the terminal type.
  package init?(theme: Theme, environment: [String: String]) {
    let wanted = ColorDepth.wanted(environment: environment)
    self.theme = theme
    noColor = wanted.noColor
    combines = environment["TERM"] != "linux"
    glyphs.capabilities.unicode = screen_utf8_locale()
    signals_guard_crashes()
    guard screen_start(wanted.direct) == 0 else { return nil }
  }

  /// Restores the terminal.
  package func stop() { screen_stop() }

  package var size: ScreenSize {
    ScreenSize(rows: max(1, Int(screen_lines())), columns: max(1, Int(screen_columns())))
  }

  /// The colour depth for themes.
  package var depth: ColorDepth {
    if noColor { return .none }
    switch screen_color_mode() {
    case Int32(SCREEN_COLORS_DIRECT): return .direct
    case Int32(SCREEN_COLORS_PALETTE): return .palette(max(8, Int(screen_color_count())))
    default: return .none
    }
  }

  /// Sets the theme for the next frames.
  package func use(_ theme: Theme) {
    guard theme != self.theme else { return }
    self.theme = theme
    paints = [:]
    drawn = []
  }

  /// Sets the probed capabilities; all rows are redrawn.
  package func use(_ capabilities: TerminalCapabilities) {
    var capabilities = capabilities
    capabilities.unicode = glyphs.capabilities.unicode
    guard capabilities != glyphs.capabilities else { return }
    glyphs.capabilities = capabilities
    drawn = []
  }

  /// Updates the size from the terminal.
  package func updateSize() {
    if screen_update_size() { drawn = [] }
  }

  /// Redraws all cells with the next frame, for example after another process wrote to the terminal.
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

  /// Sends the probe for the width of emoji sequences (see `TerminalProbe`). Returns the number of expected cursor
  /// position reports.
  package func probeCapabilities() -> Int {
    guard glyphs.capabilities.unicode else { return 0 }
    let query = TerminalProbe.query
    query.withCString { screen_write_raw($0, query.utf8.count) }
    repaint()
    return TerminalProbe.responseCount
  }

  /// Writes a sequence that bypasses curses, such as OSC 52.
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
      // Over half of a wide character curses writes blanks, also over a cell that was just written beside it.
      if row >= drawn.count || !drawn[row].isASCII {
        put(nil, size.columns, row, 0, paint(TextStyle(line.fill ?? .text)))
      }
      draw(line, row: row, columns: size.columns)
    }
    drawn = (0..<size.rows).map { $0 < frame.lines.count ? frame.lines[$0] : StyledLine() }
    if let cursor = frame.cursor {
      screen_cursor(Int32(clamping: cursor.row), Int32(clamping: cursor.column))
    } else {
      screen_hide_cursor()
    }
    screen_flush()
    writeRaw(Hyperlinks.sequence(links))
    links = []
  }

  private func draw(_ line: StyledLine, row: Int, columns: Int) {
    var column = 0
    for span in line.spans {
      let paint = paint(span.style)
      let isStruck = span.style.emphasis.contains(.struck) && combines && glyphs.capabilities.unicode
      if isStruck || span.style.link != nil {
        column = putCells(of: span.text[...], span.style, isStruck: isStruck, row, column, columns, paint)
      } else {
        column = put(span.text, span.style, row, column, columns, paint)
      }
    }
    put(nil, columns - column, row, column, paint(TextStyle(line.fill ?? .text)))
  }

  // Runs of ASCII are most of the text, and cost a tenth of single cells. Returns the column behind the text.
  private func put(
    _ text: String, _ style: TextStyle, _ row: Int, _ start: Int, _ columns: Int, _ paint: Paint
  ) -> Int {
    var column = start
    var rest = text[...]
    while !rest.isEmpty, column < columns {
      let ascii = rest.utf8.prefix { 0x20..<0x7F ~= $0 }
      // The last character may be the base of combining marks that follow it.
      let isWhole = ascii.endIndex == rest.endIndex
      let run = isWhole ? ascii : ascii.dropLast()
      if !run.isEmpty {
        let room = columns - column
        let draw = { (bytes: UnsafeBufferPointer<UInt8>) in
          self.put(bytes.baseAddress, min(bytes.count, room), row, column, paint)
        }
        if run.withContiguousStorageIfAvailable(draw) == nil { Array(run).withUnsafeBufferPointer(draw) }
        column += min(run.count, room)
        rest = rest[run.endIndex...]
        continue
      }
      let next = rest.index(after: rest.startIndex)
      column = putCells(of: rest[..<next], style, isStruck: false, row, column, columns, paint)
      rest = rest[next...]
    }
    return column
  }

  // Cell by cell. Returns the column behind the text.
  private func putCells(
    of text: Substring, _ style: TextStyle, isStruck: Bool, _ row: Int, _ start: Int, _ columns: Int,
    _ paint: Paint
  ) -> Int {
    var column = start
    var written = String.UnicodeScalarView()
    for character in text {
      for var cell in glyphs.cells(of: character) {
        if column + cell.columns > columns { continue }
        if isStruck, cell.scalars.count < 5 { cell.scalars.append(Self.stroke) }
        put(cell.scalars, row, column, paint)
        column += cell.columns
        if style.link != nil { written.append(contentsOf: cell.scalars.compactMap(Unicode.Scalar.init)) }
      }
    }
    if let address = style.link, !written.isEmpty {
      links.append(
        Hyperlinks.Run(
          row: row, column: start, text: String(written), address: address, look: paint.sequence(depth)))
    }
    return column
  }

  /// A combining long stroke overlay.
  private static let stroke: UInt32 = 0x336

  private func put(_ scalars: [UInt32], _ row: Int, _ column: Int, _ paint: Paint) {
    scalars.withUnsafeBufferPointer { buffer in
      screen_put(
        Int32(row), Int32(column), buffer.baseAddress, Int32(buffer.count), paint.attributes,
        paint.foreground,
        paint.background)
    }
  }

  // A run of ASCII, or blanks for nil.
  private func put(_ text: UnsafePointer<UInt8>?, _ count: Int, _ row: Int, _ column: Int, _ paint: Paint) {
    screen_put_ascii(
      Int32(row), Int32(column), text, Int32(max(0, count)), paint.attributes, paint.foreground,
      paint.background)
  }

  private func paint(_ style: TextStyle) -> Paint {
    let style = TextStyle(style.role, style.emphasis.subtracting(.struck))
    if let known = paints[style] { return known }
    let depth = depth
    let look = theme.look(style.role, depth: depth)
    let paint = Paint(
      attributes: Int32(look.emphasis.union(style.emphasis).rawValue),
      foreground: Int32(look.foreground.foreground(on: look.background, for: depth)),
      background: Int32(look.background.value(for: depth)))
    paints[style] = paint
    return paint
  }
}
