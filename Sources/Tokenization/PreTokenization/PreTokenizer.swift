/// Cuts text into the pieces that merging does not cross, by a row of `PreTokenization` steps.
package struct PreTokenizer {
  let text: UnsafePointer<UInt8>
  private let steps: ArraySlice<PreTokenization>
  private let classes = CharacterClass.table

  init(_ steps: ArraySlice<PreTokenization>, text: UnsafePointer<UInt8>) {
    self.steps = steps
    self.text = text
  }

  /// The lengths in bytes of a text's pieces, cut as `tokenizer.ggml.pre` of a GGUF file names it; nil for an
  /// unknown name.
  package static func pieceLengths(of text: String, gguf name: String) -> [Int]? {
    guard let steps = NamedPreTokenizer(gguf: name)?.steps else { return nil }
    var (text, lengths) = (text, [Int]())
    text.withUTF8 { bytes in
      guard let base = bytes.baseAddress else { return }
      PreTokenizer(steps[...], text: base).forEachPiece(0, bytes.count) { lengths.append($1 - $0) }
    }
    return lengths
  }

  /// Hands the pieces of `text[start..<limit]` to `body`, in order.
  func forEachPiece(_ start: Int, _ limit: Int, _ body: (Int, Int) -> Void) {
    guard let step = steps.first else {
      if start < limit { body(start, limit) }
      return
    }
    let rest = PreTokenizer(steps.dropFirst(), text: text)
    func pass(_ start: Int, _ limit: Int) {
      if rest.steps.isEmpty { body(start, limit) } else { rest.forEachPiece(start, limit, body) }
    }
    switch step {
    case .words(let pattern):
      let scanner = WordScanner(pattern, text: text)
      var place = start
      while place < limit {
        let end = scanner.end(from: place, limit: limit)
        pass(place, end)
        place = end
      }
    case .numbers(let group):
      isolate(start, limit, group: group, pass) { kind, _, _ in kind & CharacterClass.number.rawValue != 0 }
    case .digitTriples: isolateTriples(start, limit, pass)
    case .runs(let run):
      isolate(start, limit, group: run.group, pass) { kind, place, length in
        run.contains(kind, length == 1 ? UInt32(text[place]) : UTF8Text.point(text, at: place).value)
      }
    case .deepSeekWords:
      let scanner = DeepSeekScanner(text: text)
      var place = start
      while place < limit {
        let end = scanner.end(from: place, limit: limit)
        pass(place, end)
        place = end
      }
    case .marks: cutBeforeMarks(start, limit, joined: nil, pass)
    case .markRuns(let joined): cutBeforeMarks(start, limit, joined: joined, pass)
    }
  }

  /// Runs of characters that belong, in groups of so many at most, and what lies between them.
  @inline(__always)
  private func isolate(
    _ start: Int, _ limit: Int, group: Int, _ pass: (Int, Int) -> Void,
    _ belongs: (UInt8, Int, Int) -> Bool
  ) {
    var pieceStart = start
    var place = start
    var inGroup = 0
    while place < limit {
      let (kind, length) = UTF8Text.character(text, at: place, classes)
      let isMember = belongs(kind, place, length)
      if place > pieceStart, isMember != (inGroup > 0) || (isMember && inGroup == group) {
        pass(pieceStart, place)
        pieceStart = place
        inGroup = 0
      }
      if isMember { inGroup &+= 1 }
      place &+= length
    }
    if pieceStart < limit { pass(pieceStart, limit) }
  }

  /// Three digits of ASCII make a piece.
  private func isolateTriples(_ start: Int, _ limit: Int, _ pass: (Int, Int) -> Void) {
    func isDigit(_ place: Int) -> Bool { text[place] &- UInt8(ascii: "0") < 10 }
    var pieceStart = start
    var place = start
    while place &+ 3 <= limit {
      guard isDigit(place), isDigit(place &+ 1), isDigit(place &+ 2) else {
        place &+= 1
        continue
      }
      if pieceStart < place { pass(pieceStart, place) }
      pass(place, place &+ 3)
      place &+= 3
      pieceStart = place
    }
    if pieceStart < limit { pass(pieceStart, limit) }
  }

  /// ▁ starts a piece; with `joined` only the first of several, and not after one of these bytes.
  private func cutBeforeMarks(_ start: Int, _ limit: Int, joined: ByteSet?, _ pass: (Int, Int) -> Void) {
    var pieceStart = start
    var wasMark = false
    var place = start
    while place < limit {
      let isMark =
        text[place] == SpaceMark.first && place &+ 2 < limit && text[place &+ 1] == SpaceMark.second
        && text[place &+ 2] == SpaceMark.third
      let isJoined = joined.map { wasMark || place == start || $0.contains(text[place &- 1]) } ?? false
      if isMark, place > pieceStart, !isJoined {
        pass(pieceStart, place)
        pieceStart = place
      }
      wasMark = isMark
      place &+= isMark ? 3 : 1
    }
    if pieceStart < limit { pass(pieceStart, limit) }
  }
}

extension PreTokenization.CharacterRun {
  /// How many characters make a piece at most; 0 for any number.
  var group: Int {
    switch self {
    case .punctuation, .punctuationAndGraves, .chineseAndJapanese: 0
    case .lineBreak, .punctuationMark: 1
    }
  }

  /// Whether a character belongs, by its class and code point.
  func contains(_ kind: UInt8, _ point: UInt32) -> Bool {
    let isPunctuation = kind & CharacterClass.punctuation.rawValue != 0
    switch self {
    case .punctuation: return isPunctuation || Self.addedSymbols.contains(point)
    case .punctuationAndGraves:
      return isPunctuation || Self.addedSymbols.contains(point) || point == Self.grave
    case .chineseAndJapanese: return (0x4E00...0x9FA5).contains(point) || (0x3040...0x30FF).contains(point)
    case .lineBreak: return point == 0x0A || point == 0x0D
    case .punctuationMark:
      return isPunctuation || (point < 0x80 && kind & CharacterClass.symbol.rawValue != 0)
    }
  }

  private static let grave: UInt32 = 0x60
  /// `$+<=>^~|`
  private static let addedSymbols: [UInt32] = [0x24, 0x2B, 0x3C, 0x3D, 0x3E, 0x5E, 0x7E, 0x7C]
}
