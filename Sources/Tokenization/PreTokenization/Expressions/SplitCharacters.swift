/// A set of characters in a `SplitExpression`: a bracket expression, a property, or a single character.
///
/// Membership is a bit test for ASCII, and otherwise a test of each part.
struct SplitCharacters: Sendable {
  /// A part of a set.
  indirect enum Part: Sendable {
    case range(ClosedRange<UInt32>)
    /// Characters with any of these classes.
    case classes(CharacterClass)
    /// Characters of these general categories, which the classes do not distinguish.
    case categories([Unicode.GeneralCategory])
    /// The script property Han.
    case han
    /// `\w`
    case word
    case union([Part])
    case intersection(Part, Part)
    case complement(Part)

    func contains(_ point: UInt32, _ kind: UInt8) -> Bool {
      switch self {
      case .range(let range): range.contains(point)
      case .classes(let classes): kind & classes.rawValue != 0
      case .categories(let categories):
        Unicode.Scalar(point).map { categories.contains($0.properties.generalCategory) } ?? false
      case .han: Self.hanRanges.contains { $0.contains(point) }
      case .word: Self.isWord(point, kind)
      case .union(let parts): parts.contains { $0.contains(point, kind) }
      case .intersection(let left, let right): left.contains(point, kind) && right.contains(point, kind)
      case .complement(let part): !part.contains(point, kind)
      }
    }

    /// As in Oniguruma: alphabetic characters, marks, decimal numbers and connectors.
    private static func isWord(_ point: UInt32, _ kind: UInt8) -> Bool {
      if kind & CharacterClass([.letter, .mark]).rawValue != 0 { return true }
      guard let properties = Unicode.Scalar(point)?.properties else { return false }
      return properties.isAlphabetic
        || [.decimalNumber, .connectorPunctuation].contains(properties.generalCategory)
    }

    /// The script Han in Unicode 16 (Scripts.txt).
    private static let hanRanges: [ClosedRange<UInt32>] = [
      0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007, 0x3021...0x3029,
      0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D, 0xFA70...0xFAD9,
      0x16FE2...0x16FE3, 0x16FF0...0x16FF1, 0x20000...0x2A6DF, 0x2A700...0x2B739, 0x2B740...0x2B81D,
      0x2B820...0x2CEA1, 0x2CEB0...0x2EBE0, 0x2EBF0...0x2EE5D, 0x2F800...0x2FA1D, 0x30000...0x3134A,
      0x31350...0x323AF,
    ]
  }

  private let part: Part
  /// The members below U+0080.
  private let ascii: (UInt64, UInt64)

  init(_ part: Part) {
    self.part = part
    func bits(from start: UInt32) -> UInt64 {
      (0..<64).reduce(0) { bits, index in
        let point = start + UInt32(index)
        return part.contains(point, CharacterClass.of(point).rawValue) ? bits | 1 << UInt64(index) : bits
      }
    }
    ascii = (bits(from: 0), bits(from: 64))
  }

  /// The length in bytes of the character at `position` if it is a member; 0 otherwise. Requires `position < limit`,
  /// where `limit` is the end of valid UTF-8.
  @inline(__always)
  func match(_ text: UnsafePointer<UInt8>, at position: Int, _ classes: UnsafePointer<UInt8>) -> Int {
    let first = text[position]
    if first < 64 { return Int(ascii.0 >> UInt64(first) & 1) }
    if first < 128 { return Int(ascii.1 >> UInt64(first &- 64) & 1) }
    let (value, length) = UTF8Text.point(text, at: position)
    let kind = value < CharacterClass.tableEnd ? classes[Int(value)] : CharacterClass.of(value).rawValue
    return part.contains(value, kind) ? length : 0
  }

  /// The set of a property such as `L`, `Lu` or `Han`; nil for an unknown name.
  static func property(_ name: some StringProtocol) -> Part? {
    switch name {
    case "L", "Letter": .classes(.letter)
    case "M", "Mark": .classes(.mark)
    case "N", "Number": .classes(.number)
    case "P", "Punctuation", "Punct": .classes(.punctuation)
    case "S", "Symbol": .classes(.symbol)
    case "Ll": .classes(.lower)
    case "Lu": .categories([.uppercaseLetter])
    case "Lt": .categories([.titlecaseLetter])
    case "Lm": .categories([.modifierLetter])
    case "Lo": .categories([.otherLetter])
    case "Mn": .categories([.nonspacingMark])
    case "Mc": .categories([.spacingMark])
    case "Nd": .categories([.decimalNumber])
    case "Nl": .categories([.letterNumber])
    case "No": .categories([.otherNumber])
    case "Sc": .categories([.currencySymbol])
    case "Sm": .categories([.mathSymbol])
    case "Cc": .categories([.control])
    case "Cf": .categories([.format])
    case "Z": .categories([.spaceSeparator, .lineSeparator, .paragraphSeparator])
    case "Zs": .categories([.spaceSeparator])
    case "Han": .han
    default: nil
    }
  }
}
