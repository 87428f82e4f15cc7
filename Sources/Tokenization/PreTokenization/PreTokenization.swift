/// One step of cutting text into the pieces that merging does not cross. Every step cuts the pieces of the
/// step before it, and none drops anything.
enum PreTokenization: Equatable, Sendable {
  /// Into words.
  case words(WordPattern)
  /// Numbers apart from all else, in groups of so many digits at most (0: any number), from the left.
  case numbers(group: Int)
  /// `[0-9][0-9][0-9]` apart from all else, from the left.
  case digitTriples
  /// Runs of some characters apart from all else.
  case runs(CharacterRun)
  /// Into words as DeepSeek 3 does.
  case deepSeekWords
  /// Before each ▁.
  case marks
  /// Before each ▁ that follows neither another one nor one of these bytes.
  case markRuns(joined: ByteSet)

  /// A set of characters whose runs are pieces of their own.
  enum CharacterRun: UInt32, Sendable {
    /// `[\p{P}\$\+<=>\^~\|]+`
    case punctuation
    /// ``[\p{P}\$\+<=>\^~\|`]+``
    case punctuationAndGraves
    /// `[一-龥぀-ゟ゠-ヿ]+`
    case chineseAndJapanese
    /// `[\r\n]`, one by one.
    case lineBreak
    /// What Rust calls punctuation, one by one: `\p{P}` and ASCII's symbols.
    case punctuationMark
  }
}

extension PreTokenization {
  /// This step as numbers, for a compiled vocabulary.
  var words: [UInt32] {
    switch self {
    case .words(let pattern):
      [
        0, UInt32(pattern.contractions.rawValue), UInt32(pattern.lead.rawValue),
        UInt32(pattern.letters.rawValue), UInt32(pattern.numbers.rawValue), UInt32(pattern.tail.rawValue),
        (pattern.lineBreaks ? 1 : 0) | (pattern.wholeEnd ? 2 : 0),
      ]
    case .numbers(let group): [1, UInt32(group)]
    case .runs(let run): [2, run.rawValue]
    case .deepSeekWords: [3]
    case .marks: [4]
    case .digitTriples: [5]
    case .markRuns(let joined): [6, UInt32(joined.members.count)] + joined.members.map { UInt32($0) }
    }
  }

  /// A step from numbers; nil where they mean nothing.
  init?(_ reader: inout WordReader) {
    func byte(_ word: UInt32?) -> UInt8 { UInt8(exactly: word ?? 255) ?? 255 }
    switch reader.next() {
    case 0:
      guard let contractions = WordPattern.Contractions(rawValue: byte(reader.next())),
        let lead = WordPattern.Lead(rawValue: byte(reader.next())),
        let letters = WordPattern.Letters(rawValue: byte(reader.next())),
        let numbers = WordPattern.Numbers(rawValue: byte(reader.next())),
        let tail = WordPattern.Tail(rawValue: byte(reader.next())), let flags = reader.next()
      else { return nil }
      self = .words(
        WordPattern(
          contractions: contractions, lead: lead, letters: letters, numbers: numbers, tail: tail,
          lineBreaks: flags & 1 != 0, wholeEnd: flags & 2 != 0))
    case 1:
      guard let group = reader.next(), group <= 1000 else { return nil }
      self = .numbers(group: Int(group))
    case 2:
      guard let run = reader.next().flatMap(CharacterRun.init(rawValue:)) else { return nil }
      self = .runs(run)
    case 3: self = .deepSeekWords
    case 4: self = .marks
    case 5: self = .digitTriples
    case 6:
      guard let members = reader.list() else { return nil }
      var joined = ByteSet()
      for member in members { joined.insert(UInt8(truncatingIfNeeded: member)) }
      self = .markRuns(joined: joined)
    default: return nil
    }
  }
}
