import Synchronization

/// How a model's thoughts are told from its answer, and how they are ended: when they have taken their share of
/// the tokens, or when the person wants the answer now. The tokens that close them are put in, and the answer
/// follows from the thoughts so far.
public struct ThoughtLimit: Sendable, Equatable {
  /// What stands in the output where thoughts begin or end.
  public enum Mark: Sendable, Equatable {
    /// Tokens, which nothing else is written in.
    case tokens([Int32])
    /// Text, whichever tokens it is written in.
    case text(String)
  }

  /// Begins thoughts.
  public var start: Mark
  /// Ends them.
  public var end: Mark
  /// Whether the prompt began them already.
  public var startsInside: Bool
  /// Tokens that end the thoughts and begin the answer.
  public var closing: [Int32]

  /// A limit with these marks.
  public init(start: Mark, end: Mark, startsInside: Bool = false, closing: [Int32]) {
    self.start = start
    self.end = end
    self.startsInside = startsInside
    self.closing = closing
  }

  /// Tokens for the thoughts when there are `room` for thoughts and answer together: all but a quarter, and
  /// all but 1,024 where there are many.
  package static func share(of room: Int) -> Int { room - min(room / 4, 1024) }
}

/// Asks a model that thinks, from any thread, to answer from the thoughts it has.
public final class AnswerNowFlag: Sendable {
  private let isSet = Atomic<Bool>(false)

  /// A flag that is not set.
  public init() {}

  /// Asks for the answer. Takes effect at the next token of thoughts; none if there are no more.
  public func request() { isSet.store(true, ordering: .relaxed) }
  /// Whether it was asked for.
  public var isRequested: Bool { isSet.load(ordering: .relaxed) }
}

/// Follows one answer's tokens, for the moment when its thoughts must end.
package struct ThoughtWatch {
  private let limit: ThoughtLimit
  private let share: Int
  private var count = 0
  /// Whether the tokens so far end inside of thoughts.
  private var isThinking: Bool
  /// Whether the answer has started. An answer may mention the text of the start mark.
  private var hasAnswer = false
  /// What came last and may be the beginning of a mark.
  private var tokens: [Int32] = []
  private var text: [UInt8] = []

  /// - Parameter room: tokens for thoughts and answer together.
  package init(_ limit: ThoughtLimit, room: Int) {
    self.limit = limit
    share = ThoughtLimit.share(of: room)
    isThinking = limit.startsInside
  }

  /// Notes a token that the model wrote, and the text that became complete with it.
  /// - Parameter wantsAnswer: whether thoughts are to end however few they are.
  /// - Returns: tokens to put in behind it, which are not to be noted; empty as long as all is well.
  package mutating func note(_ id: Int32, text: String, wantsAnswer: Bool = false) -> [Int32] {
    count += 1
    tokens.append(id)
    self.text += Array(text.utf8)
    while isThinking ? pass(limit.end) : passStart() { isThinking.toggle() }
    if !isThinking { noteAnswer() }
    let longest = max(limit.start.length, limit.end.length)
    tokens.removeFirst(max(0, tokens.count - longest))
    self.text.removeFirst(max(0, self.text.count - longest))
    guard isThinking, wantsAnswer || count >= share else { return [] }
    isThinking = false
    (tokens, self.text) = ([], [])
    return limit.closing
  }

  /// Looks for a mark in what came last, and drops what stands up to its end.
  private mutating func pass(_ mark: ThoughtLimit.Mark) -> Bool {
    switch mark {
    case .tokens(let wanted): Self.pass(wanted, in: &tokens)
    case .text(let wanted): Self.pass(Array(wanted.utf8), in: &text)
    }
  }

  // As text, the mark counts only before the answer.
  private mutating func passStart() -> Bool {
    guard case .text(let wanted) = limit.start else { return pass(limit.start) }
    guard !hasAnswer, let found = text.firstRange(of: Array(wanted.utf8)),
      text[..<found.lowerBound].allSatisfy(Self.isBlank)
    else { return false }
    return pass(limit.start)
  }

  private mutating func noteAnswer() {
    guard case .text(let wanted) = limit.start, !hasAnswer else { return }
    let answer = text.drop(while: Self.isBlank)
    hasAnswer = !wanted.utf8.starts(with: answer)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private static func pass<Element: Equatable>(_ wanted: [Element], in last: inout [Element]) -> Bool {
    guard !wanted.isEmpty, let found = last.firstRange(of: wanted) else { return false }
    last.removeSubrange(..<found.upperBound)
    return true
  }
}

extension ThoughtLimit.Mark {
  fileprivate var length: Int {
    switch self {
    case .tokens(let tokens): tokens.count
    case .text(let text): text.utf8.count
    }
  }
}
