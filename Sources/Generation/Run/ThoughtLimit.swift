import Synchronization

/// Separates a model's reasoning from its answer and ends the reasoning when it exceeds its share of the tokens or
/// when the user requests the answer. The closing tokens are then inserted, and the answer follows from the reasoning
/// so far.
public struct ThoughtLimit: Sendable, Equatable {
  /// A delimiter of reasoning in the output.
  public enum Mark: Sendable, Equatable {
    /// Token ids that only delimit reasoning.
    case tokens([Int32])
    /// Text, in any tokens.
    case text(String)
  }

  /// Starts the reasoning.
  public var start: Mark
  /// Ends the reasoning.
  public var end: Mark
  /// Whether the prompt already contains the start.
  public var startsInside: Bool
  /// Tokens that end the reasoning and start the answer.
  public var closing: [Int32]

  /// A limit with these delimiters.
  public init(start: Mark, end: Mark, startsInside: Bool = false, closing: [Int32]) {
    self.start = start
    self.end = end
    self.startsInside = startsInside
    self.closing = closing
  }

  /// The reasoning's share of `room` tokens: all but a quarter, and all but 1,024 if there are many.
  package static func share(of room: Int) -> Int { room - min(room / 4, 1024) }
}

/// Requests, from any thread, that a reasoning model answers now.
public final class AnswerNowFlag: Sendable {
  private let isSet = Atomic<Bool>(false)

  /// A flag that is not set.
  public init() {}

  /// Requests the answer. Takes effect at the next token of reasoning, if there is one.
  public func request() { isSet.store(true, ordering: .relaxed) }
  /// Whether the answer was requested.
  public var isRequested: Bool { isSet.load(ordering: .relaxed) }
}

/// Tracks an answer's tokens to decide when its reasoning must end.
package struct ThoughtWatch {
  private let limit: ThoughtLimit
  private let share: Int
  private var count = 0
  /// Whether the tokens so far end within reasoning.
  private var isThinking: Bool
  /// Whether the answer has started. An answer may contain the text of the start delimiter.
  private var hasAnswer = false
  /// The latest tokens, which may be the start of a delimiter.
  private var tokens: [Int32] = []
  private var text: [UInt8] = []

  /// - Parameter room: the number of tokens for reasoning and answer together.
  package init(_ limit: ThoughtLimit, room: Int) {
    self.limit = limit
    share = ThoughtLimit.share(of: room)
    isThinking = limit.startsInside
  }

  /// Records a generated token and the text that it completed.
  /// - Parameter wantsAnswer: whether to end the reasoning now.
  /// - Returns: tokens to insert after it, which must not be recorded; empty if none.
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

  /// Finds a delimiter in the latest tokens or text and drops everything up to its end.
  private mutating func pass(_ mark: ThoughtLimit.Mark) -> Bool {
    switch mark {
    case .tokens(let wanted): Self.pass(wanted, in: &tokens)
    case .text(let wanted): Self.pass(Array(wanted.utf8), in: &text)
    }
  }

  // As text, the delimiter counts only before the answer.
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
