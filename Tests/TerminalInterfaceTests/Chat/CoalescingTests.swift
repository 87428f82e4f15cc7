import Conversation
import TerminalInterface
import Testing

/// The events of an answer that arrive between two frames are handled together.
@Suite struct CoalescingTests {
  private func progress(_ tokens: Int) -> EngineEvent { .progress(TurnStatistics(generatedTokens: tokens)) }

  /// The descriptions of the engine events with their turns, which stand for all other events.
  private func coalesced(_ events: [(Int, EngineEvent)]) -> [String] {
    ChatEvent.coalesced(events.map { .engine(turn: $0.0, $0.1) }).map { event in
      guard case .engine(let turn, let event) = event else { return "?" }
      switch event {
      case .delta(let channel, let text): return "\(turn) \(channel) \(text)"
      case .progress(let statistics): return "\(turn) \(statistics.generatedTokens)"
      default: return "\(turn) \(event.isEnd ? "end" : "other")"
      }
    }
  }

  @Test func tokensOfATurnBecomeOneDelta() {
    #expect(
      coalesced([
        (1, .delta(.answer, "a")), (1, progress(1)), (1, .delta(.answer, "b")), (1, progress(2)),
        (1, .delta(.answer, "c")), (1, .delta(.answer, "d")), (1, progress(3)), (1, progress(4)),
      ]) == ["1 answer abcd", "1 4"])
    #expect(coalesced([]).isEmpty)
    #expect(coalesced([(1, progress(1)), (1, .delta(.answer, "a"))]) == ["1 1", "1 answer a"])
  }

  @Test func channelsTurnsAndOtherEventsStayApart() {
    #expect(
      coalesced([
        (1, .delta(.reasoning, "a")), (1, progress(1)), (1, .delta(.answer, "b")), (1, progress(2)),
        (2, .delta(.answer, "c")), (1, .delta(.answer, "d")), (1, progress(3)), (2, progress(1)),
      ]) == ["1 reasoning a", "1 1", "1 answer b", "1 2", "2 answer c", "1 answer d", "1 3", "2 1"])
    #expect(
      coalesced([
        (1, .prefill(done: 1, total: 1, reused: 0)), (1, .delta(.answer, "a")),
        (1, .finished(.stop, TurnStatistics())), (1, .delta(.answer, "b")),
      ]) == ["1 other", "1 answer a", "1 end", "1 answer b"])
    let events: [ChatEvent] = [
      .engine(turn: 1, .delta(.answer, "a")), .note("n", isError: false),
      .engine(turn: 1, .delta(.answer, "b")),
    ]
    #expect(ChatEvent.coalesced(events).count == 3)
  }

  /// The chat is in the same state after the events one by one and together.
  @Test func togetherIsLikeOneByOne() {
    let script: [EngineEvent] = [
      .prefill(done: 2, total: 2, reused: 0), .delta(.reasoning, "x"), progress(1), .delta(.reasoning, "y"),
      progress(2), .delta(.answer, "a"), progress(3), .delta(.answer, "b"), progress(4),
    ]
    let states = [false, true].map { isTogether in
      let driver = ChatDriver()
      driver.type("hi<Enter>")
      let turn = driver.state.turn?.id ?? 0
      let events = script.map { ChatEvent.engine(turn: turn, $0) }
      for event in isTogether ? ChatEvent.coalesced(events) : events { driver.handle(event) }
      return driver.state
    }
    #expect(states[0].conversation.messages.map(\.content) == states[1].conversation.messages.map(\.content))
    #expect(states[0].conversation.messages.last?.content == "ab")
    #expect(states[1].conversation.messages.last?.reasoning == "xy")
    #expect(states[0].turn == states[1].turn && states[1].turn?.statistics.generatedTokens == 4)
  }
}
