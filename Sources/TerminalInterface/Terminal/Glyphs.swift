import CNcurses

/// What the terminal was found to draw as one picture. Until it has answered, nothing.
package struct TerminalAbilities: Sendable, Equatable {
  /// Joined emoji and skin tones take two columns.
  package var joinsEmoji = false
  /// The two halves of a flag take two columns together.
  package var drawsFlags = false
  /// Characters beyond ASCII can be written at all.
  package var unicode = true

  package init(joinsEmoji: Bool = false, drawsFlags: Bool = false, unicode: Bool = true) {
    self.joinsEmoji = joinsEmoji
    self.drawsFlags = drawsFlags
    self.unicode = unicode
  }
}

/// Turns clusters into cells of the grid such that this program, ncurses and the terminal agree on every column,
/// whatever the terminal knows of emoji: a picture that it would draw in other columns is drawn as its first part.
package struct Glyphs {
  package var abilities: TerminalAbilities

  package init(abilities: TerminalAbilities = TerminalAbilities()) { self.abilities = abilities }

  /// One cell: a spacing scalar, what joins it, and its columns.
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
    if !abilities.unicode { return ascii(first, columns) }
    if CharacterWidth.isPicture(scalars) { return picture(scalars, first) }
    return plain(scalars)
  }

  private func plain(_ scalars: Character.UnicodeScalarView) -> [Cell] {
    var cells: [Cell] = []
    for scalar in scalars {
      let columns = CharacterWidth.columns(of: scalar)
      if columns > 0 {
        cells.append(known(scalar, columns))
        // A character that the C library holds for wider or narrower is followed by blanks up to its columns.
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
    // Unknown to the C library or of another width: ncurses could not place it.
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
      if abilities.drawsFlags && library == 1 { return pair.map { Cell(scalars: [$0], columns: 1) } }
      if abilities.drawsFlags && library == 2 { return [Cell(scalars: pair, columns: 2)] }
      // The letters of the country.
      return pair.map { Cell(scalars: [$0 - 0x1F1E6 + 0x41], columns: 1) }
    }
    if library == 2 {
      let kept = abilities.joinsEmoji ? Array(scalars.map(\.value).prefix(5)) : [first.value]
      return [Cell(scalars: kept, columns: 2)]
    }
    // A text symbol made emoji: the selector would make some terminals draw two columns and others one.
    let base = library == 1 ? first.value : 0xFFFD
    return [Cell(scalars: [base], columns: 1), Cell(scalars: [0x20], columns: 1)]
  }

  private func ascii(_ first: Unicode.Scalar, _ columns: Int) -> [Cell] {
    let stands: [UInt32: Character] = [
      0x2500: "-", 0x2502: "|", 0x2026: ".", 0x203A: ">", 0x2022: "*", 0xB7: "-", 0x2014: "-", 0x2013: "-",
      0x2019: "'", 0x2018: "'", 0x201C: "\"", 0x201D: "\"", 0x25B8: ">", 0x258C: "|", 0x202F: " ", 0xA0: " ",
    ]
    let value = (stands[first.value] ?? "?").unicodeScalars.first.map(\.value) ?? 0x3F
    return (0..<columns).map { Cell(scalars: [$0 == 0 ? value : 0x20], columns: 1) }
  }
}
