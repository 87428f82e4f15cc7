/// Wraps styled text into rows of a given width.
///
/// Prose breaks at spaces, after hyphens (not of paths) and between CJK characters (but not before closing
/// punctuation); a word longer than a row is split between clusters. Code breaks only at the end of a row. Cost: one
/// pass.
package struct LineWrapper {
  /// The columns of a row, at least 1.
  package let width: Int
  /// The indentation of the rows after the first.
  package var hanging: [Span] = []
  /// False keeps all spaces and breaks anywhere, as for code.
  package var breaksAtWords = true
  /// The columns between tab stops.
  package var tabStops = 4

  private static let noBreakBefore: Set<Character> = [
    "、", "。", "，", "．", "！", "？", "：", "；", "）", "」", "』", "】", "〉", "》", "〕", "］", "｝", "ー", "…", "・", "ゃ",
    "ゅ", "ょ", "っ", "ャ", "ュ", "ョ", "ッ", "々", "％",
  ]
  private static let noBreakAfter: Set<Character> = ["（", "「", "『", "【", "〈", "《", "〔", "［", "｛"]

  private struct Cell {
    var character: Character
    var columns: Int
    var style: TextStyle
  }

  package init(width: Int, hanging: [Span] = [], breaksAtWords: Bool = true) {
    self.width = max(1, width)
    self.hanging = hanging
    self.breaksAtWords = breaksAtWords
  }

  /// The indentation that the rows after the first get: none if it would leave no room for text.
  var usedHanging: [Span] {
    hanging.reduce(0) { $0 + CharacterWidth.columns(of: $1.text) } < width - 1 ? hanging : []
  }

  /// The rows of a text, at least one; a line feed ends a row.
  package func wrap(_ spans: [Span], first: [Span] = []) -> [StyledLine] {
    var state = State(wrapper: self, first: first)
    for span in spans {
      for character in span.text { state.add(character, span.style) }
    }
    return state.finish()
  }

  /// The rows of a text in one style.
  package func wrap(_ text: String, _ role: StyleRole) -> [StyledLine] { wrap([Span(text, role)]) }

  private struct State {
    let wrapper: LineWrapper
    let hangingColumns: Int
    var lines: [StyledLine] = []
    var cells: [Cell] = []
    /// The used columns, including the lead.
    var column: Int
    var lead: [Span]
    /// The number of cells after which the row may break; nil for none.
    var breakAfter: Int?

    init(wrapper: LineWrapper, first: [Span]) {
      self.wrapper = wrapper
      lead = first
      column = Self.columns(first)
      hangingColumns = Self.columns(wrapper.usedHanging)
    }

    static func columns(_ spans: [Span]) -> Int {
      spans.reduce(0) { $0 + CharacterWidth.columns(of: $1.text) }
    }

    mutating func add(_ character: Character, _ style: TextStyle) {
      if character == "\n" || character == "\r\n" {
        endRow(cells.count)
        return
      }
      if character == "\t" {
        let stop = wrapper.tabStops - column % wrapper.tabStops
        for _ in 0..<stop { place(" ", 1, style) }
        return
      }
      place(character, CharacterWidth.columns(of: character), style)
    }

    private mutating func place(_ character: Character, _ columns: Int, _ style: TextStyle) {
      if columns == 0 && cells.isEmpty { return }
      noteBreak(before: character, columns)
      while column + columns > wrapper.width && !cells.isEmpty {
        if wrapper.breaksAtWords && character == " " {
          // A space after the last column is the break.
          endRow(cells.count)
          return
        }
        endRow(wrapper.breaksAtWords ? breakAfter ?? cells.count : cells.count)
      }
      cells.append(Cell(character: character, columns: columns, style: style))
      column += columns
    }

    private mutating func noteBreak(before character: Character, _ columns: Int) {
      guard wrapper.breaksAtWords, let last = cells.last else { return }
      if last.character == " " && character != " " {
        // Leading spaces are indentation, not a place to break.
        if cells.contains(where: { $0.character != " " }) { breakAfter = cells.count }
        return
      }
      if last.character == "-" && character != "-" && cells.count > 1
        && cells[cells.count - 2].character != " " && !isInPath
      {
        breakAfter = cells.count
      }
      if last.columns == 2 || columns == 2 {
        if LineWrapper.noBreakBefore.contains(character) || LineWrapper.noBreakAfter.contains(last.character)
        {
          return
        }
        if character != " " { breakAfter = cells.count }
      }
    }

    /// Whether the last word so far is a path or an address: a break behind its hyphen would spoil copying it.
    private var isInPath: Bool {
      cells.reversed().prefix { $0.character != " " }.contains { $0.character == "/" }
    }

    private mutating func endRow(_ count: Int) {
      let cut = min(count, cells.count)
      var row = cells[..<cut]
      let rest = Array(cells[cut...])
      if wrapper.breaksAtWords {
        while let last = row.last, last.character == " " { row.removeLast() }
      }
      lines.append(line(of: row))
      cells = rest
      lead = hangingColumns > 0 ? wrapper.hanging : []
      column = hangingColumns + rest.reduce(0) { $0 + $1.columns }
      breakAfter = nil
      if column > wrapper.width {
        // The carried-over cells exceed a row with its indentation: place them again, one by one.
        cells = []
        column = hangingColumns
        for cell in rest { place(cell.character, cell.columns, cell.style) }
      }
    }

    private func line(of row: ArraySlice<Cell>) -> StyledLine {
      var result = StyledLine(lead)
      var text = ""
      var style: TextStyle?
      for cell in row {
        if cell.style != style {
          if let style { result.append(text, style) }
          text = ""
          style = cell.style
        }
        text.append(cell.character)
      }
      if let style { result.append(text, style) }
      return result
    }

    mutating func finish() -> [StyledLine] {
      endRow(cells.count)
      return lines
    }
  }
}
