/// One step of splitting text into pieces; merges never cross a piece's border. Each step splits the pieces
/// of the step before it and keeps all text.
enum PreTokenization: Equatable, Sendable {
  /// A word pattern.
  case words(WordPattern)
  /// Isolates numbers, in groups of up to `group` digits (0: any number of digits), from the left.
  case numbers(group: Int)
  /// Isolates matches of `[0-9][0-9][0-9]`, from the left.
  case digitTriples
  /// Isolates runs of characters of one kind.
  case runs(CharacterRun)
  /// DeepSeek 3's word pattern.
  case deepSeekWords
  /// The matches of an expression, and the text between them.
  case expression(SplitExpression)
  /// Splits before each ▁.
  case marks
  /// Splits before each ▁ that does not follow another ▁ or one of these bytes.
  case metaspaceRuns(joined: ByteSet)

  /// A set of characters whose runs are pieces of their own.
  enum CharacterRun: UInt32, Sendable {
    /// `[\p{P}\$\+<=>\^~\|]+`
    case punctuation
    /// ``[\p{P}\$\+<=>\^~\|`]+``
    case punctuationAndGraves
    /// `[一-龥぀-ゟ゠-ヿ]+`
    case chineseAndJapanese
    /// `[\r\n]`, each a piece.
    case lineBreak
    /// Rust's definition of punctuation, each a piece: `\p{P}` and the ASCII symbols.
    case punctuationMark
  }
}

extension PreTokenization {
  /// This step serialized for a compiled vocabulary.
  var serialized: [UInt32] {
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
    case .expression(let expression):
      [7, UInt32(expression.source.utf8.count)] + expression.source.utf8.map { UInt32($0) }
    case .marks: [4]
    case .digitTriples: [5]
    case .metaspaceRuns(let joined): [6, UInt32(joined.members.count)] + joined.members.map { UInt32($0) }
    }
  }

  /// A step from its serialized form; nil where that is invalid.
  init?(_ reader: inout RuleReader) {
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
      self = .metaspaceRuns(joined: joined)
    case 7:
      guard let bytes = reader.list()?.map({ UInt8(truncatingIfNeeded: $0) }),
        let expression = SplitExpression(String(decoding: bytes, as: UTF8.self))
      else { return nil }
      self = .expression(expression)
    default: return nil
    }
  }
}
