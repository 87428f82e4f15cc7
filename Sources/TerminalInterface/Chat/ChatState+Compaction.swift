import Conversation

/// Making room in a full context.
extension ChatState {
  /// Drops the oldest turns from what the model sees. The conversation as it was stays a branch.
  package mutating func compact(_ argument: String) {
    let path = conversation.path
    let starts = path.indices.filter { conversation[path[$0]]?.role == .user }
    guard starts.count > 1 else {
      show("There is at most one turn; nothing can be dropped")
      return
    }
    let tree = conversation
    let used = starts.indices.map { turn -> Int? in
      let end = turn + 1 < starts.count ? starts[turn + 1] : path.endIndex
      return path[starts[turn]..<end].compactMap { tree[$0]?.statistics?.contextUsed }.last
    }
    let dropped: Int
    if argument.isEmpty {
      dropped = CompactionDecision.droppedTurns(used: used, context: model?.contextLength ?? 0)
    } else if let kept = Int(argument), (1..<starts.count).contains(kept) {
      dropped = starts.count - kept
    } else {
      show("/compact takes the number of turns to keep, from 1 to \(starts.count - 1)")
      return
    }
    let tokens = used[dropped - 1] ?? 0
    conversation.restart(with: Array(path[starts[dropped]...])) { message in
      guard let contextUsed = message.statistics?.contextUsed else { return }
      message.statistics?.contextUsed = max(0, contextUsed - tokens)
    }
    transcript.showPath(conversation.path)
    (scroll, editing) = (.live, nil)
    statistics = conversation.last(.assistant).flatMap { conversation[$0]?.statistics }
    let turns = dropped == 1 ? "1 turn" : "\(dropped) turns"
    let size = tokens > 0 ? ", about \(grouped(tokens)) tokens" : ""
    showNotice(
      "Dropped \(turns)\(size) from what the model sees. /branch switches back to the whole conversation.")
  }
}

/// How many of the oldest turns are dropped to make room.
package enum CompactionDecision {
  /// The turns to drop, at least one and not the last: as few as leave half of the context free. Without numbers, half
  /// of the turns.
  ///
  /// - Parameters:
  ///   - used: the tokens in the context at the end of each turn; nil where they are unknown.
  ///   - context: the length of the context in tokens; 0 when it is unknown.
  package static func droppedTurns(used: [Int?], context: Int) -> Int {
    let most = max(1, used.count - 1)
    guard context > 0, let total = used.last ?? nil else { return min(most, max(1, used.count / 2)) }
    for turns in 1..<max(2, most) {
      guard let freed = used[turns - 1] else { continue }
      if total - freed <= context / 2 { return turns }
    }
    return most
  }
}
