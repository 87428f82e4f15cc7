/// A colour of a theme.
package enum ThemeColor: Sendable, Hashable {
  /// The terminal's default colour.
  case terminal
  /// A palette index, 0 to 255.
  case palette(Int)
  /// A 24-bit colour.
  case direct(red: Int, green: Int, blue: Int)

  private static let names = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black", "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
  ]

  /// Parses "#rrggbb", "#rgb", "0" to "255", a name such as "bright-blue", or "" for the terminal's default.
  package init?(_ text: String) {
    if text.isEmpty || text == "terminal" {
      self = .terminal
    } else if text.hasPrefix("#") {
      let digits = text.dropFirst()
      guard digits.utf8.count == digits.count, digits.allSatisfy(\.isHexDigit),
        let value = Int(digits, radix: 16)
      else { return nil }
      switch digits.count {
      case 6: self = .direct(red: value >> 16, green: value >> 8 & 255, blue: value & 255)
      case 3: self = .direct(red: (value >> 8) * 17, green: (value >> 4 & 15) * 17, blue: (value & 15) * 17)
      default: return nil
      }
    } else if let index = Int(text), (0...255).contains(index), text.allSatisfy(\.isNumber) {
      self = .palette(index)
    } else if let index = Self.names.firstIndex(of: text.lowercased()) {
      self = .palette(index)
    } else {
      return nil
    }
  }

  /// The value for a terminal with this colour depth: -1 for its default colour, a palette index, or 0xRRGGBB.
  package func value(for depth: ColorDepth) -> Int {
    switch (self, depth) {
    case (.terminal, _), (_, .none): -1
    case (.palette(let index), .direct): index < 8 ? index : Self.rgbOfPalette(index)
    case (.palette(let index), .palette(let count)):
      index < count ? index : Self.nearest(Self.rgbOfPalette(index), count)
    // A direct value below 8 would mean the palette.
    case (.direct(let red, let green, let blue), .direct): max(8, red << 16 | green << 8 | blue)
    case (.direct(let red, let green, let blue), .palette(let count)):
      Self.nearest(red << 16 | green << 8 | blue, count)
    }
  }

  /// The value for text on a background. With eight colours, a grey on the terminal's own background is the terminal's
  /// own text colour: it would be black or white, and one of these is the background.
  package func foreground(on background: ThemeColor, for depth: ColorDepth) -> Int {
    if case .palette(let count) = depth, count < 16, background == .terminal, let rgb, Self.isGrey(rgb) {
      return -1
    }
    return value(for: depth)
  }

  /// The 24-bit colour, apart from the terminal's own colours.
  private var rgb: Int? {
    switch self {
    case .terminal: nil
    case .palette(let index): index < 8 ? nil : Self.rgbOfPalette(index)
    case .direct(let red, let green, let blue): red << 16 | green << 8 | blue
    }
  }

  private static func isGrey(_ rgb: Int) -> Bool {
    let parts = [rgb >> 16, rgb >> 8 & 255, rgb & 255]
    return (parts.max() ?? 0) - (parts.min() ?? 0) <= 40
  }

  private static let firstSixteen = [
    0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5, 0x7F7F7F, 0xFF0000,
    0x00FF00,
    0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF,
  ]

  /// xterm's palette: sixteen colours, a cube of 6x6x6, and 24 greys.
  package static func rgbOfPalette(_ index: Int) -> Int {
    if index < 16 { return firstSixteen[max(0, index)] }
    if index >= 232 {
      let grey = min(255, 8 + (index - 232) * 10)
      return grey << 16 | grey << 8 | grey
    }
    let steps = [0, 95, 135, 175, 215, 255]
    let place = index - 16
    return steps[place / 36] << 16 | steps[place / 6 % 6] << 8 | steps[place % 6]
  }

  /// The palette index nearest to a 24-bit colour. Of 256 colours the first 16 are not used, because terminals let users
  /// redefine them. Of eight colours, only black and white are near to a grey.
  private static func nearest(_ rgb: Int, _ count: Int) -> Int {
    let range = count >= 256 ? Array(16..<256) : Array(0..<max(1, min(count, 16)))
    let near = count < 16 && isGrey(rgb) ? range.filter { $0 == 0 || $0 == 7 } : range
    return near.min { distance(rgb, rgbOfPalette($0)) < distance(rgb, rgbOfPalette($1)) } ?? 7
  }

  private static func distance(_ one: Int, _ other: Int) -> Int {
    let red = (one >> 16) - (other >> 16)
    let green = (one >> 8 & 255) - (other >> 8 & 255)
    let blue = (one & 255) - (other & 255)
    return 3 * red * red + 6 * green * green + blue * blue
  }
}

/// The colour depth of the terminal.
package enum ColorDepth: Sendable, Equatable {
  case none
  case palette(Int)
  case direct

  /// The depth requested by the environment: `NO_COLOR` (no-color.org), and 24 bits by `COLORTERM`.
  package static func wanted(environment: [String: String]) -> (noColor: Bool, direct: Bool) {
    let noColor = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    let colorTerm = environment["COLORTERM"] ?? ""
    return (noColor, !noColor && (colorTerm == "truecolor" || colorTerm == "24bit"))
  }
}
