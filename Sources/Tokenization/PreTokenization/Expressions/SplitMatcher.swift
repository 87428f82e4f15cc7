/// Runs a `SplitExpression` on valid UTF-8. Reuses its memory between matches. Not thread-safe.
struct SplitMatcher {
  /// The most steps of one match.
  static let mostSteps = 200_000

  private let expression: SplitExpression
  private let text: UnsafePointer<UInt8>
  /// The bounds of the text that is matched; lookahead ends there too.
  private let start: Int
  private let limit: Int
  private let classes = CharacterClass.table
  private var steps = 0
  private var stack: [Choice] = []

  /// A place to continue at if the match fails.
  private struct Choice {
    let instruction: Int
    var position: Int
    /// The first position at which a run may end; equal to `position` for other choices.
    let least: Int
  }

  init(_ expression: SplitExpression, text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int) {
    self.expression = expression
    self.text = text
    self.start = start
    self.limit = limit
  }

  /// The end of the match that starts at `position`; nil if there is none.
  mutating func end(from position: Int) -> Int? {
    steps = 0
    stack.removeAll(keepingCapacity: true)
    return run(0, position)
  }

  /// Calls `body` with the matches and the texts between them, in order. An empty match cuts the text.
  mutating func forEachPiece(_ body: (_ start: Int, _ end: Int) -> Void) {
    var pieceStart = start
    var position = start
    while position < limit {
      let end = end(from: position)
      if end != nil, position > pieceStart {
        body(pieceStart, position)
        pieceStart = position
      }
      if let end, end > position {
        body(position, end)
        pieceStart = end
        position = end
      } else {
        position &+= UTF8Text.length(startingWith: text[position])
      }
    }
    if pieceStart < limit { body(pieceStart, limit) }
  }

  private mutating func run(_ first: Int, _ from: Int) -> Int? {
    let base = stack.count
    var (index, position) = (first, from)
    while steps < Self.mostSteps {
      steps &+= 1
      var matches = true
      switch expression.instructions[index] {
      case .accept:
        stack.removeLast(stack.count - base)
        return position
      case .one(let set):
        let length = position < limit ? expression.sets[set].match(text, at: position, classes) : 0
        matches = length > 0
        position &+= length
        index &+= 1
      case .run(let set, let least, let most, let isPossessive):
        let bounds = runBounds(of: set, position, least, most)
        matches = bounds.least >= 0
        if matches, bounds.end > bounds.least, !isPossessive {
          stack.append(Choice(instruction: index &+ 1, position: bounds.end, least: bounds.least))
        }
        position = bounds.end
        index &+= 1
      case .split(let first, let second):
        stack.append(Choice(instruction: second, position: position, least: position))
        index = first
      case .jump(let target): index = target
      case .look(let isNegative, let end):
        matches = (run(index &+ 1, position) != nil) != isNegative
        index = end
      case .atomic(let end):
        if let after = run(index &+ 1, position) { position = after } else { matches = false }
        index = end
      case .lineStart:
        matches = position == start || text[position &- 1] == UInt8(ascii: "\n")
        index &+= 1
      case .lineEnd:
        matches = position == limit || text[position] == UInt8(ascii: "\n")
        index &+= 1
      case .wordBoundary(let isNegative):
        matches = (isWord(before: position) != isWord(at: position)) != isNegative
        index &+= 1
      }
      if matches { continue }
      guard stack.count > base else { return nil }
      let choice = stack.removeLast()
      (index, position) = (choice.instruction, choice.position)
      if choice.position > choice.least {
        // A run that gives back its last character, if that was not tried yet.
        position = previous(position)
        if position > choice.least {
          stack.append(Choice(instruction: index, position: position, least: choice.least))
        }
      }
    }
    stack.removeLast(stack.count - base)
    return nil
  }

  /// The end of a run of up to `most` characters, and of its first `least`; `least` is negative if there are fewer.
  private func runBounds(of set: Int, _ from: Int, _ least: Int, _ most: Int) -> (least: Int, end: Int) {
    let characters = expression.sets[set]
    var (position, count, leastEnd) = (from, 0, least == 0 ? from : -1)
    while count < most, position < limit {
      let length = characters.match(text, at: position, classes)
      if length == 0 { break }
      position &+= length
      count &+= 1
      if count == least { leastEnd = position }
    }
    return (leastEnd, position)
  }

  private func previous(_ position: Int) -> Int {
    var position = position &- 1
    while position > start, text[position] & 0xC0 == 0x80 { position &-= 1 }
    return position
  }

  private func isWord(before position: Int) -> Bool { position > start && isWord(at: previous(position)) }

  private func isWord(at position: Int) -> Bool {
    guard position < limit else { return false }
    let (value, _) = UTF8Text.point(text, at: position)
    return SplitCharacters.Part.word.contains(value, CharacterClass.of(value).rawValue)
  }
}
