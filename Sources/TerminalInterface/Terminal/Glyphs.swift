import CNcurses

/// The emoji sequences that the terminal draws in two columns, as probed. None until it has replied.
package struct TerminalCapabilities: Sendable, Equatable {
  /// Joined emoji and skin tones take two columns.
  package var joinsEmoji = false
  /// A pair of regional indicators (a flag) takes two columns.
  package var drawsFlags = false
  /// Characters beyond ASCII can be written.
  package var unicode = true

  package init(joinsEmoji: Bool = false, drawsFlags: Bool = false, unicode: Bool = true) {
    self.joinsEmoji = joinsEmoji
    self.drawsFlags = drawsFlags
    self.unicode = unicode
  }
}

/// Converts grapheme clusters to cells of the grid such that this program, ncurses and the terminal agree on every
/// column. An emoji sequence that the terminal would draw with another width is reduced to its first part.
package struct Glyphs {
  package var capabilities: TerminalCapabilities

  package init(capabilities: TerminalCapabilities = TerminalCapabilities()) {
    self.capabilities = capabilities
  }

  /// One cell: a spacing scalar, its combining scalars, and its columns.
  package struct Cell: Equatable {
    package var scalars: [UInt32]
    package var columns: Int

    package init(scalars: [UInt32], columns: Int) {
      self.scalars = scalars
      self.columns = columns
    }
  }

  /// The cells of a cluster; their columns add up to `CharacterWidth.columns`. Nothing for a cluster of no columns.
  package func cells(of character: Character) -> [Cell] {
    let scalars = character.unicodeScalars
    guard let first = scalars.first else { return [] }
    if first.isASCII && character.utf8.count == 1 {
      return first.value >= 0x20 && first.value < 0x7F ? [Cell(scalars: [first.value], columns: 1)] : []
    }
    let columns = CharacterWidth.columns(of: character)
    if columns == 0 { return [] }
    if !capabilities.unicode { return ascii(first, columns) }
    if CharacterWidth.isPicture(scalars) { return picture(scalars, first) }
    return plain(scalars)
  }

  private func plain(_ scalars: Character.UnicodeScalarView) -> [Cell] {
    var cells: [Cell] = []
    for scalar in scalars {
      let columns = CharacterWidth.columns(of: scalar)
      if columns > 0 {
        cells.append(known(scalar, columns))
        // If the C library has another width for the character, blanks fill the columns.
        let drawn = cells[cells.count - 1].columns
        for _ in 0..<max(0, columns - drawn) { cells.append(Cell(scalars: [0x20], columns: 1)) }
      } else if !cells.isEmpty, cells[cells.count - 1].scalars.count < 5, screen_libc_width(scalar.value) == 0
      {
        cells[cells.count - 1].scalars.append(scalar.value)
      }
    }
    return cells
  }

  private func known(_ scalar: Unicode.Scalar, _ columns: Int) -> Cell {
    let library = Int(screen_libc_width(scalar.value))
    if library == columns { return Cell(scalars: [scalar.value], columns: columns) }
    // The C library does not know the character or has another width: ncurses could not place it.
    if library == 1 && columns == 2 && !scalar.properties.isEmojiPresentation {
      return Cell(scalars: [scalar.value], columns: 1)
    }
    return Cell(scalars: [0xFFFD], columns: 1)
  }

  // Two columns in all cases.
  private func picture(_ scalars: Character.UnicodeScalarView, _ first: Unicode.Scalar) -> [Cell] {
    let library = Int(screen_libc_width(first.value))
    if CharacterWidth.isRegional(first) {
      let pair = scalars.prefix(2).map(\.value)
      if capabilities.drawsFlags && library == 1 { return pair.map { Cell(scalars: [$0], columns: 1) } }
      if capabilities.drawsFlags && library == 2 { return [Cell(scalars: pair, columns: 2)] }
      // The letters of the country code.
      return pair.map { Cell(scalars: [$0 - 0x1F1E6 + 0x41], columns: 1) }
    }
    if library == 2 {
      let kept = capabilities.joinsEmoji ? Array(scalars.map(\.value).prefix(5)) : [first.value]
      return [Cell(scalars: kept, columns: 2)]
    }
    // A text symbol with the emoji selector: some terminals draw two columns, others one.
    let base = library == 1 ? first.value : 0xFFFD
    return [Cell(scalars: [base], columns: 1), Cell(scalars: [0x20], columns: 1)]
  }

  private func ascii(_ first: Unicode.Scalar, _ columns: Int) -> [Cell] {
    let replacements: [UInt32: Character] = [
      0x2500: "-", 0x2502: "|", 0x2026: ".", 0x203A: ">", 0x2022: "*", 0xB7: "-", 0x2014: "-", 0x2013: "-",
      0x2019: "'", 0x2018: "'", 0x201C: "\"", 0x201D: "\"", 0x25B8: ">", 0x258C: "|", 0x202F: " ", 0xA0: " ",
    ]
    let value = (replacements[first.value] ?? "?").unicodeScalars.first.map(\.value) ?? 0x3F
    return (0..<columns).map { Cell(scalars: [$0 == 0 ? value : 0x20], columns: 1) }
  }
}
