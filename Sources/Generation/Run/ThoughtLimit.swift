/// Keeps a model's thoughts from using up all the tokens: when they have taken their share and no answer has
/// begun, the tokens that close them are put in, and the answer follows.
public struct ThoughtLimit: Sendable, Equatable {
  /// Tokens that begin the thoughts; empty where the output begins inside of them, or in either channel.
  public var thoughtStart: [Int32]
  /// Tokens that begin the answer.
  public var answerStart: [Int32]
  /// Tokens that end the thoughts and begin the answer.
  public var closing: [Int32]

  /// A limit with these tokens.
  public init(thoughtStart: [Int32] = [], answerStart: [Int32], closing: [Int32]) {
    self.thoughtStart = thoughtStart
    self.answerStart = answerStart
    self.closing = closing
  }

  /// Tokens for the thoughts when there are `room` for thoughts and answer together: all but a quarter, and
  /// all but 1,024 where there are many.
  package static func share(of room: Int) -> Int { room - min(room / 4, 1024) }
}

/// Watches one answer's tokens for the moment when its thoughts must end.
package struct ThoughtWatch {
  private let limit: ThoughtLimit
  private let share: Int
  private var count = 0
  private var tail: [Int32] = []
  private var isThinking: Bool
  private var isDone = false

  /// - Parameter room: tokens for thoughts and answer together.
  package init(_ limit: ThoughtLimit, room: Int) {
    self.limit = limit
    share = ThoughtLimit.share(of: room)
    isThinking = limit.thoughtStart.isEmpty
  }

  /// Notes a token that was generated.
  /// - Returns: tokens to put in behind it; empty as long as all is well.
  package mutating func note(_ id: Int32) -> [Int32] {
    guard !isDone else { return [] }
    count += 1
    tail.append(id)
    let longest = max(limit.answerStart.count, limit.thoughtStart.count)
    if tail.count > longest { tail.removeFirst() }
    if !limit.answerStart.isEmpty, tail.suffix(limit.answerStart.count).elementsEqual(limit.answerStart) {
      isDone = true
    } else if !isThinking, tail.suffix(limit.thoughtStart.count).elementsEqual(limit.thoughtStart) {
      isThinking = true
    }
    guard isThinking, !isDone, count >= share else { return [] }
    isDone = true
    return limit.closing
  }
}
