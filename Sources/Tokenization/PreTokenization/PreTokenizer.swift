/// Splits text into pieces by a list of `PreTokenization` steps.
package struct PreTokenizer {
  let text: UnsafePointer<UInt8>
  private let steps: ArraySlice<PreTokenization>
  private let classes = CharacterClass.table

  init(_ steps: ArraySlice<PreTokenization>, text: UnsafePointer<UInt8>) {
    self.steps = steps
    self.text = text
  }

  /// The lengths in bytes of a text's pieces for a `tokenizer.ggml.pre` name; nil for an unknown name.
  package static func pieceLengths(of text: String, gguf name: String) -> [Int]? {
    NamedPreTokenizer(gguf: name).map { pieceLengths(of: text, $0.steps) }
  }

  /// The lengths in bytes of a text's pieces for a regular expression; nil if its syntax is not supported.
  package static func pieceLengths(of text: String, expression: String) -> [Int]? {
    SplitExpression(expression).map { pieceLengths(of: text, [.expression($0)]) }
  }

  private static func pieceLengths(of text: String, _ steps: [PreTokenization]) -> [Int] {
    var (text, lengths) = (text, [Int]())
    text.withUTF8 { bytes in
      guard let base = bytes.baseAddress else { return }
      PreTokenizer(steps[...], text: base).forEachPiece(0, bytes.count) { lengths.append($1 - $0) }
    }
    return lengths
  }

  /// Calls `body` with the start and end of each piece of `text[start..<limit]`, in order.
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
      var position = start
      while position < limit {
        let end = scanner.end(from: position, limit: limit)
        pass(position, end)
        position = end
      }
    case .numbers(let group):
      isolate(start, limit, group: group, pass) { kind, _, _ in kind & CharacterClass.number.rawValue != 0 }
    case .digitTriples: isolateTriples(start, limit, pass)
    case .runs(let run):
      isolate(start, limit, group: run.group, pass) { kind, position, length in
        run.contains(kind, length == 1 ? UInt32(text[position]) : UTF8Text.point(text, at: position).value)
      }
    case .deepSeekWords:
      let scanner = DeepSeekScanner(text: text)
      var position = start
      while position < limit {
        let end = scanner.end(from: position, limit: limit)
        pass(position, end)
        position = end
      }
    case .expression(let expression):
      var matcher = SplitMatcher(expression, text: text, start, limit)
      matcher.forEachPiece(pass)
    case .marks: splitBeforeMetaspace(start, limit, joined: nil, pass)
    case .metaspaceRuns(let joined): splitBeforeMetaspace(start, limit, joined: joined, pass)
    }
  }

  /// Isolates runs of member characters, in groups of up to `group` of them (0: no limit).
  @inline(__always)
  private func isolate(
    _ start: Int, _ limit: Int, group: Int, _ pass: (Int, Int) -> Void,
    _ belongs: (UInt8, Int, Int) -> Bool
  ) {
    var pieceStart = start
    var position = start
    var inGroup = 0
    while position < limit {
      let (kind, length) = UTF8Text.character(text, at: position, classes)
      let isMember = belongs(kind, position, length)
      if position > pieceStart, isMember != (inGroup > 0) || (isMember && inGroup == group) {
        pass(pieceStart, position)
        pieceStart = position
        inGroup = 0
      }
      if isMember { inGroup &+= 1 }
      position &+= length
    }
    if pieceStart < limit { pass(pieceStart, limit) }
  }

  /// Isolates groups of three ASCII digits.
  private func isolateTriples(_ start: Int, _ limit: Int, _ pass: (Int, Int) -> Void) {
    func isDigit(_ position: Int) -> Bool { text[position] &- UInt8(ascii: "0") < 10 }
    var pieceStart = start
    var position = start
    while position &+ 3 <= limit {
      guard isDigit(position), isDigit(position &+ 1), isDigit(position &+ 2) else {
        position &+= 1
        continue
      }
      if pieceStart < position { pass(pieceStart, position) }
      pass(position, position &+ 3)
      position &+= 3
      pieceStart = position
    }
    if pieceStart < limit { pass(pieceStart, limit) }
  }

  /// Splits before each ▁; with `joined` only before the first of a run, and not after one of these bytes.
  private func splitBeforeMetaspace(_ start: Int, _ limit: Int, joined: ByteSet?, _ pass: (Int, Int) -> Void)
  {
    var pieceStart = start
    var wasMark = false
    var position = start
    while position < limit {
      let isMark =
        text[position] == Metaspace.first && position &+ 2 < limit && text[position &+ 1] == Metaspace.second
        && text[position &+ 2] == Metaspace.third
      let isJoined = joined.map { wasMark || position == start || $0.contains(text[position &- 1]) } ?? false
      if isMark, position > pieceStart, !isJoined {
        pass(pieceStart, position)
        pieceStart = position
      }
      wasMark = isMark
      position &+= isMark ? 3 : 1
    }
    if pieceStart < limit { pass(pieceStart, limit) }
  }
}

extension PreTokenization.CharacterRun {
  /// The largest number of characters in a piece; 0 for no limit.
  var group: Int {
    switch self {
    case .punctuation, .punctuationAndGraves, .chineseAndJapanese: 0
    case .lineBreak, .punctuationMark: 1
    }
  }

  /// Whether a character is a member, by its class and code point.
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
